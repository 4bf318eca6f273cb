"""Faults of the machine around a run: no descriptors, no rights, damaged ledgers, odd clocks."""

import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from ingest.__main__ import main
from ingest.corpus.blobs import BlobStore
from ingest.corpus.folder import CorpusFolder
from ingest.sources.scanning import scan
from rag.errors import EmbedderError, ExtractionFailed, StorageError
from rag.ports import Vectors
from tests.crash.child import Orders
from tests.crash.harness import ROOT, run_child, state, write_sources
from tests.ingest.corpora import CountingEmbedder, SmallCorpus
from tests.ingest.runs.test_pipeline import LONG, release_rows


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """A corpus of one document with a live release."""
    corpus = SmallCorpus(tmp_path)
    corpus.write("a.md", LONG)
    corpus.add()
    return corpus


@pytest.mark.slow
def test_a_run_with_few_descriptors_completes_or_says_so_and_loses_nothing(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "docs", 1)
    orders = Orders(str(sources), str(tmp_path / "data" / "corpora" / "small"), str(tmp_path / "r"))
    command = [sys.executable, "-m", "tests.crash.child", orders.to_json()]
    done = subprocess.run(
        command,
        cwd=ROOT,
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (64, 64)),
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_a_run_cleanly_and_the_next_one_completes(
    tmp_path: Path, number: signal.Signals
) -> None:
    docs, data = tmp_path / "docs", tmp_path / "data"
    docs.mkdir()
    for part in range(80):
        (docs / f"{part}.md").write_text(f"Fact {part}: the boat of pier {part} sails at noon.\n")
    arguments = ["add", str(docs), "--corpus", "x", "--data", str(data), "--json"]
    process = subprocess.Popen(
        [sys.executable, "-m", "ingest", *arguments], cwd=ROOT, stderr=subprocess.PIPE, text=True
    )
    ledger = data / "corpora" / "x" / "ledger.db"
    while not ledger.exists():
        time.sleep(0.02)
    time.sleep(1.0)
    process.send_signal(number)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (128 + number, "")
    again = subprocess.run(
        [sys.executable, "-m", "ingest", *arguments], cwd=ROOT, capture_output=True, text=True
    )
    assert (again.returncode, again.stderr) == (0, "")
    assert '"release": 1' in again.stdout


class Wrong(CountingEmbedder):
    """Gives vectors that cannot be used."""

    def __init__(self, how: str) -> None:
        super().__init__()
        self._how = how

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        vectors = super().embed_documents(texts).copy()
        vectors[0] = {"nan": np.nan, "zero": 0.0, "long": 3.0}[self._how]
        return vectors


@pytest.mark.parametrize("how", ["nan", "zero", "long"])
def test_a_batch_of_unusable_vectors_is_refused_whole(corpus: SmallCorpus, how: str) -> None:
    corpus.write("b.md", "Another text.")
    corpus.embedder = Wrong(how)
    with pytest.raises(EmbedderError, match="not finite and of unit length"):
        corpus.add()
    assert corpus.folder.live() == 1
    corpus.embedder = CountingEmbedder()
    report = corpus.add()
    assert (report.embedded, report.release) == (1, 2)


def damage(ledger: Path, how: str) -> None:
    content = bytearray(ledger.read_bytes())
    if how == "cut":
        del content[len(content) // 2 :]
    elif how == "page":
        content[8192:12288] = bytes(4096)
    else:
        content[:100] = b"x" * 100
    ledger.write_bytes(content)


@pytest.mark.parametrize("how", ["cut", "page", "head"])
def test_a_damaged_ledger_is_refused_with_advice_and_left_as_it_is(
    corpus: SmallCorpus, how: str
) -> None:
    for number in range(30):
        corpus.write(f"{number}.md", f"{LONG} {number}")
    corpus.add()
    damage(corpus.folder.ledger, how)
    before = corpus.folder.ledger.read_bytes()
    corpus.write("b.md", "Another text.")
    with pytest.raises(StorageError, match="what is live serves on"):
        corpus.add()
    assert corpus.folder.ledger.read_bytes() == before
    assert corpus.folder.live() == 2
    assert release_rows(corpus, "SELECT count(*) FROM documents") == [(30 + 1,)]


@pytest.mark.parametrize("days", [-1, 1])
def test_times_that_jump_by_a_day_lose_and_repeat_nothing(corpus: SmallCorpus, days: int) -> None:
    path = corpus.sources / "a.md"
    moved = path.stat().st_mtime_ns + days * 86_400 * 10**9
    os.utime(path, ns=(moved, moved))
    assert corpus.add().counts == {"unchanged": 1}
    corpus.write("b.md", "Another text.")
    os.utime(corpus.sources / "b.md", ns=(moved, moved))
    assert corpus.states(corpus.add()) == {"a.md": "unchanged", "b.md": "indexed"}


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become somebody else")
def test_a_file_that_may_not_be_read_is_named() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        folder.chmod(0o777)
        (folder / "b.md").write_text("Second text.")
        (folder / "b.md").chmod(0)
        [source] = scan([str(folder / "b.md")]).sources
        os.seteuid(65534)
        try:
            with pytest.raises(ExtractionFailed, match="Permission denied"):
                BlobStore(folder / "blobs").store(source)
        finally:
            os.seteuid(0)


def test_a_data_folder_on_a_read_only_disk_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "a.md").write_text("First text.")
    for data in ("/proc/plumbline", "/sys/plumbline"):
        arguments = ["add", str(tmp_path / "a.md"), "--corpus", "x", "--data", data]
        assert main(arguments) == 78
        said = capsys.readouterr().err
        assert said.startswith(f"ingest: {data}/corpora/x cannot be written")
        assert said.count("\n") == 1


@pytest.mark.slow
def test_the_same_sources_give_the_same_release_each_time(tmp_path: Path) -> None:
    sources = write_sources(tmp_path / "docs", 1)
    folders = [CorpusFolder(tmp_path / name / "corpora" / "small") for name in ("one", "two")]
    for folder in folders:
        orders = Orders(str(sources), str(folder.path), str(tmp_path / "report"))
        assert run_child(orders).returncode == 0
    assert state(folders[0]) == state(folders[1])
