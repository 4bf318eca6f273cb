"""Releases on disk as the question side sees them: found by number, opened, held while in use."""

import json
import subprocess
import sys
from collections.abc import Sequence, Set
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol, Self

from rag.domain import CORPUS_NAME, PUBLIC, Chunk, DocumentRef, check_corpus_name
from rag.errors import CorpusNotFound, ReleaseBroken, ReleaseNotFound
from rag.ports import DocumentStore, LexicalIndex, Subset, VectorIndex, VectorRows
from rag.releases.editions import Edition
from rag.releases.filters import Condition
from rag.releases.manifest import Manifest, release_folder_name

PROBE_S = 900  # chosen: 20,000 chunks take some four seconds; only what hangs takes longer
LEAST_RECALL = 0.99  # chosen: at a million chunks the graph has .998 (bench)
MOST_LOST = 0.002  # chosen: one chunk of 500 that does not find itself
CALIBRATION = "calibration.json"
CALIBRATION_METHOD = "signals-1"
"""Written into it: what was learned of another confidence says nothing."""
NO_WORD = "qzxwvkjhgf"  # any: what no language has
HOLD = "HOLD"
FLOOR = "FLOOR"


class ReleaseDocuments(DocumentStore, Protocol):
    """A document store that can also list what it holds and be closed."""

    def references(self) -> list[DocumentRef]:
        """All documents, in order of their source."""
        ...

    def sample(self, count: int) -> list[Chunk]:
        """At most `count` chunks from all over the release, the same each time."""
        ...

    def chunk_ids(self, document_id: str) -> list[str]:
        """The chunks of a document, in order."""
        ...

    def as_read_by(self, readers: Set[str]) -> Self:
        """The same store, in which there is only what one of `readers` may read."""
        ...

    def subset(self, conditions: Sequence[Condition]) -> Subset | None:
        """The documents shown that meet all `conditions`, None where these are all there are.

        Raises InvalidFilter for a field that they lack or that holds other kinds of values.
        """
        ...

    def family(self, document_id: str) -> tuple[Edition, ...]:
        """The versions of a document that are shown, itself among them. Raises DocumentNotFound."""
        ...

    def today(self) -> str:
        """The day of which versions in force are told, as an ISO date."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


@dataclass(frozen=True, slots=True)
class Hold:
    """Somebody has chosen `release`: no other goes live until somebody chooses that."""

    release: int
    since: str
    why: str

    def to_json(self) -> str:
        """The hold as the text of `HOLD`."""
        return json.dumps(asdict(self)) + "\n"

    def __str__(self) -> str:
        return f"held at release {self.release} since {self.since or 'some time'}: {self.why}"


@dataclass(frozen=True, slots=True)
class OpenRelease:
    """One release, opened: everything that retrieval needs of it.

    What a reader sees of it has that `part` alone, None where that is all. Questions below the
    confidence `threshold` are not answered from it, whoever asks. `closeness` is how the cosines of
    its embedder compare with those that the confidence was learned with, an offset and a factor;
    None where that is not known.
    `alarm` says what an operator must know of a release that serves in spite of some damage.
    """

    manifest: Manifest
    vectors: VectorIndex
    vector_rows: VectorRows
    lexical: LexicalIndex
    documents: ReleaseDocuments
    threshold: float = 0.0
    closeness: tuple[float, float] | None = None
    alarm: str = ""
    part: Subset | None = None

    def as_read_by(self, readers: Set[str]) -> "OpenRelease":
        """The same release, in which there is only what one of `readers` may read."""
        documents = self.documents.as_read_by(readers)
        part = documents.subset(())
        if part is None:
            return replace(self, documents=documents)
        return replace(self, lexical=self.lexical.part(part), documents=documents, part=part)

    @property
    def readable(self) -> Manifest:
        """The manifest, in which only the documents and chunks that may be read are counted."""
        if self.part is None:
            return self.manifest
        documents, chunks = len(self.part.documents), len(self.part.rows)
        return replace(self.manifest, documents=documents, chunks=chunks)

    def warm_up(self) -> None:
        """Count and list the words that are public, for which first questions would wait."""
        self.as_read_by({PUBLIC}).lexical.readings(NO_WORD)

    def close(self) -> None:
        """Let go of all files."""
        self.vectors.close()
        self.vector_rows.close()
        self.documents.close()


def corpus_folder(data: Path, name: str) -> Path:
    """Folder of a corpus below the data folder. Raises InvalidCorpusName."""
    return data / "corpora" / check_corpus_name(name)


def corpus_names(data: Path) -> list[str]:
    """Names of all corpora that have a release; other folders are passed over."""
    folders = (path.parent.parent for path in (data / "corpora").glob("*/releases/[0-9]*"))
    return sorted({folder.name for folder in folders if CORPUS_NAME.fullmatch(folder.name)})


def live_number(folder: Path) -> int | None:
    """The number in a corpus folder's LIVE, None when there is none or it is not a number."""
    try:
        return int((folder / "LIVE").read_text())
    except (OSError, ValueError):
        return None


def release_numbers(folder: Path) -> list[int]:
    """Numbers of the releases in a corpus folder, ascending."""
    names = (path.name for path in (folder / "releases").glob("[0-9]*"))
    return sorted(int(name) for name in names if name.isdigit())


def read_hold(folder: Path) -> Hold | None:
    """What holds a corpus at its live release, None where the next run may publish another.

    A hold is in force only while the release that it was made for is live, so that replacing LIVE
    begins and ends it. One that cannot be read holds whatever is live.
    """
    live = live_number(folder)
    try:
        raw = json.loads((folder / HOLD).read_text())
        hold = Hold(int(raw["release"]), str(raw["since"]), str(raw["why"]))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError):
        return Hold(live, "", "its HOLD file cannot be read") if live is not None else None
    return hold if live in (None, hold.release) else None


def read_floor(folder: Path) -> int:
    """The first release that may serve by itself: in those before it more could read.

    Where that cannot be read none but the live one may.
    """
    try:
        return int((folder / FLOOR).read_text())
    except FileNotFoundError:
        return 0
    except (OSError, ValueError):
        return sys.maxsize


def serving_order(folder: Path) -> list[int]:
    """The live release's number, then those to fall back to: earlier ones, then later ones.

    None before the floor, and nothing later than the release at which a corpus is held, ever
    serves by itself.
    """
    hold = read_hold(folder)
    live = hold.release if hold else live_number(folder)
    floor = read_floor(folder)
    numbers = [number for number in release_numbers(folder) if number >= floor]
    if live is None:
        return numbers[::-1]
    earlier = [number for number in numbers if number < live]
    later = [] if hold else [number for number in numbers if number > live]
    return [live, *earlier[::-1], *later]


def corpus_not_found(name: str) -> CorpusNotFound:
    """The error for a corpus without a live release, with the command that makes one."""
    return CorpusNotFound(
        f"no corpus {name[:80]!r}: create it with `python -m ingest add SOURCE --corpus NAME`"
    )


def read_learned(release: Path) -> dict[str, Any] | None:
    """What a release has learned of the confidence as it is now; None where it has not."""
    try:
        raw = json.loads((release / CALIBRATION).read_text())
    except (OSError, ValueError):
        return None
    is_current = isinstance(raw, dict) and raw.get("method") == CALIBRATION_METHOD
    return raw if is_current else None


def release_folder(data: Path, name: str, number: int | None = None) -> Path:
    """Folder of release `number`, or of the first that may serve.

    Raises CorpusNotFound, ReleaseNotFound.
    """
    corpus = corpus_folder(data, name)
    wanted = serving_order(corpus)[:1] if number is None else [number]
    if not wanted and corpus.is_dir():
        raise CorpusNotFound(
            f"nothing of corpus {name!r} is published yet: `python -m ingest status --corpus "
            f"{name}` lists what was read, `add` goes on"
        )
    if not wanted:
        raise corpus_not_found(name)
    folder = corpus / "releases" / release_folder_name(wanted[0])
    if not (folder / "manifest.json").is_file():
        raise ReleaseNotFound(f"corpus {name!r} has no release {wanted[0]}")
    return folder


def tell_search(manifest: Manifest) -> str:
    """In words how the vectors of a release are searched, and why so."""
    if manifest.graph_recall is None:
        return "exactly" if manifest.search == "exact" else "by its graph"
    loses = f"loses {manifest.graph_lost} of {manifest.graph_tried:,} vectors tried"
    measured = f"recall {manifest.graph_recall:.3f}, {loses}"
    if manifest.search == "exact":
        return f"exactly, since its graph finds too little ({measured})"
    return f"by its graph ({measured})"


@dataclass(frozen=True, slots=True)
class GraphQuality:
    """What a vector index finds: of the ten nearest, and of vectors searched for by themselves."""

    recall: float
    lost: int
    tried: int

    @property
    def is_good(self) -> bool:
        """Whether questions may go by it."""
        return self.recall >= LEAST_RECALL and self.lost <= MOST_LOST * self.tried


def improve_graph(release: Path, *, is_copy: bool) -> GraphQuality:
    """Repair and measure the vector index of an unsealed release, in a process of its own.

    Of a changed copy a sample, and what is new. Raises ReleaseBroken.
    """
    return GraphQuality(**json.loads(_run("rag.repair", release, *(["--copy"] * is_copy))))


def probe(release: Path, *, thorough: bool = True) -> None:
    """Open and try a release in a process of its own, which it may crash. Raises ReleaseBroken."""
    _run("rag.probe", release, *(["--thorough"] if thorough else []))


def _run(module: str, release: Path, *options: str) -> str:
    command = [sys.executable, "-m", module, str(release.resolve()), *options]
    root = Path(__file__).parents[2]
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=PROBE_S)
    except subprocess.TimeoutExpired as error:
        raise ReleaseBroken(f"{release} was not verified within {PROBE_S} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        reason = said[-1] if said else f"exit code {done.returncode}"
        raise ReleaseBroken(f"{release} failed its verification: {reason}")
    return done.stdout
