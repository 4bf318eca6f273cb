"""Ordinary folders of different kinds: is each published, how is it searched, what is found.

Some kinds are made; others are folders of the machine, given by patterns.
"""

import json
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from email.message import EmailMessage
from glob import glob
from itertools import islice
from pathlib import Path
from shutil import copyfile

import numpy as np

from evals.bench import Rows
from evals.bench.made import ingest
from evals.bench.recall import measure_recall
from evals.bench.watching import watch_add
from rag.ports import Vectors
from rag.releases.folder import tell_search
from rag.releases.manifest import Manifest

SEED = 17
CORPUS = "x"
MOST_BYTES = 120_000
MOST_FILES = 400
CLUSTERED, DIMENSIONS = 24_000, 384
CLUSTERS = ((20, 0.3), (1000, 0.05))  # vectors in one, and how far they lie from its middle
HALLS = ("turbine", "boiler", "pump", "filter", "harbour", "quay", "ferry", "crane")


@dataclass(frozen=True, slots=True)
class Published:
    """What became of a folder: `recall` of the ten nearest among what a search of it serves."""

    files: int
    manifest: Manifest
    recall: float
    seconds: float


def measure_folders(data: Path, patterns: Sequence[str]) -> Rows:
    """One row for each folder, made or matched by a pattern, and one for all of them."""
    rows: Rows = []
    found: list[Published] = []
    for name, docs in _folders(data / "docs", patterns):
        run = watch_add([docs], data / name, corpus=CORPUS)
        files = sum(path.is_file() for path in docs.rglob("*"))
        published = _look_at(data / name, files, run.seconds)
        found.append(published)
        rows.append((f"folder: {name}", _say(published)))
    for size, spread in CLUSTERS:
        made = _publish_clusters(data / f"clusters-{size}", size, spread)
        rows.append((f"folder: made vectors in clusters of {size:,}", _say(made)))
        found.append(made)
    least = min(each.recall for each in found)
    rows.append(("folders published, least recall@10 served", f"{len(found)}, {least:.4f}"))
    return rows


def _say(published: Published) -> str:
    manifest = published.manifest
    return (
        f"{published.files:,} files, {manifest.chunks:,} chunks, {manifest.vectors:,} vectors, "
        f"published, searched {tell_search(manifest)}, recall {published.recall:.4f}, "
        f"{published.seconds:.0f} s"
    )


def _look_at(data: Path, files: int, seconds: float) -> Published:
    """The live release of a data folder, and what a search of it finds of the nearest chunks."""
    recall, manifest = measure_recall(data, CORPUS)
    return Published(files, manifest, recall, seconds)


def _folders(made: Path, patterns: Sequence[str]) -> Iterator[tuple[str, Path]]:
    for name, make in MADE.items():
        (made / name).mkdir(parents=True)
        for file, text in make(random.Random(SEED)):
            (made / name / file).write_text(text)
        yield name, made / name
    for pattern in patterns:
        for number, source in enumerate(sorted(glob(pattern))):
            name = f"{Path(source).name}-{number}"
            _copy_some(Path(source), made / name)
            yield name, made / name


def _copy_some(source: Path, target: Path) -> None:
    """Readable files of a folder, the same each time, up to a size at which they soon embed."""
    files = sorted(path for path in source.rglob("*") if path.is_file() and not path.is_symlink())
    random.Random(SEED).shuffle(files)
    room = MOST_BYTES
    target.mkdir(parents=True)
    for path in files[:MOST_FILES]:
        size = path.stat().st_size
        if 0 < size <= room:
            room -= size
            place = target / path.relative_to(source)
            place.parent.mkdir(parents=True, exist_ok=True)
            copyfile(path, place.with_suffix(place.suffix or ".txt"))


Files = Iterator[tuple[str, str]]
"""The names of files and their texts."""


def _equal_lines(_: random.Random) -> Files:
    line = "The pump of hall 7 reports a pressure of 4.2 bar and a flow of 118 litres a minute.\n"
    yield "pump.log", line * 5000


def _repeated_table(chance: random.Random) -> Files:
    rows = [f"{n},{chance.choice(HALLS)} {n % 40},{chance.randrange(900)},open" for n in range(200)]
    yield "plant.csv", "\n".join(["id,place,reading,state", *rows * 30])


def _table(chance: random.Random) -> Files:
    rows = (f"{n},{chance.choice(HALLS)},{chance.random():.3f},{n % 7}" for n in range(6000))
    yield "readings.csv", "\n".join(["id,place,reading,day", *rows])


def _log(chance: random.Random) -> Files:
    lines = (
        f"2026-03-{n % 28 + 1:02} 12:{n % 60:02}:07 {chance.choice(('INFO', 'WARN'))} "
        f"{chance.choice(HALLS)}[{chance.randrange(40)}]: reading {chance.randrange(99)} accepted"
        for n in range(30_000)
    )
    yield "plant.log", "\n".join(lines)


def _mail(chance: random.Random) -> Files:
    for number in range(300):
        message = EmailMessage()
        message["From"] = f"{chance.choice(HALLS)}@plant.example"
        message["To"] = "office@plant.example"
        message["Subject"] = f"Shift {number}: {chance.choice(HALLS)} {number % 9}"
        places = ", ".join(chance.choices(HALLS, k=4))
        message.set_content(
            f"Good morning,\n\nwe looked after {places}.\n\nRegards\nShift {number}"
        )
        yield f"{number:03}.eml", message.as_string()


def _records(chance: random.Random) -> Files:
    records = ({"id": n, "place": chance.choice(HALLS), "ok": n % 3 > 0} for n in range(3000))
    yield "records.jsonl", "\n".join(map(json.dumps, records))
    settings = {place: {"limit": number, "unit": "bar"} for number, place in enumerate(HALLS)}
    yield "limits.json", json.dumps(settings, indent=1)


def _copies(_: random.Random) -> Files:
    rules = (f"Rule {n}: the {HALLS[n % 8]} is checked every {n} days." for n in range(60))
    text = "\n\n".join(rules)
    yield from ((f"copy-{number:03}.md", text) for number in range(200))


def _short_notes(chance: random.Random) -> Files:
    yield from ((f"{n:03}.txt", " ".join(chance.choices(HALLS, k=6))) for n in range(500))


def _one_line(_: random.Random) -> Files:
    yield "note.txt", "One line, and nothing else."


MADE: dict[str, Callable[[random.Random], Files]] = {
    "one file of 5,000 equal lines": _equal_lines,
    "table of 200 rows, 30 times": _repeated_table,
    "table": _table,
    "log": _log,
    "mail": _mail,
    "records": _records,
    "200 copies of a file": _copies,
    "500 notes of six words": _short_notes,
    "one line": _one_line,
}


class ClusterEmbedder:
    """Vectors by the number that a text ends with: `size` that follow lie near each other."""

    fingerprint = "clusters@1"
    max_tokens = 254

    def __init__(self, size: int, spread: float) -> None:
        chance = np.random.default_rng(SEED)
        middles = chance.normal(size=(CLUSTERED // size + 1, DIMENSIONS))
        middles /= np.linalg.norm(middles, axis=1, keepdims=True)
        off = chance.normal(size=(CLUSTERED, DIMENSIONS)) * spread / np.sqrt(DIMENSIONS)
        vectors = middles[np.arange(CLUSTERED) // size] + off
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        self._vectors = vectors.astype(np.float32)

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """One for each word."""
        return [len(text.split()) for text in texts]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """The vectors of the numbers."""
        numbers = [int(text.rstrip(".").split()[-1]) for text in texts]
        return np.asarray(self._vectors[numbers], dtype=np.float32)

    embed_queries = embed_documents

    def for_sentences(self, question: str) -> "ClusterEmbedder":
        """Itself."""
        return self


def _publish_clusters(data: Path, size: int, spread: float) -> Published:
    """More chunks than are compared one by one, in the order that is worst for a graph."""
    numbers = iter(range(CLUSTERED))
    docs = data / "docs"
    docs.mkdir(parents=True)
    while some := list(islice(numbers, 100)):
        text = "\n\n".join(f"# Part {n}\n\nThis is what is said in number {n}." for n in some)
        (docs / f"{some[0]:06}.md").write_text(text)
    report, seconds = ingest(data, CORPUS, ClusterEmbedder(size, spread))
    return _look_at(data, len(report.outcomes), seconds)
