"""`--watch`: a folder is followed until the command is told to end."""

import io
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest

from ingest.corpus.folder import CorpusFolder, writer_lock
from ingest.runs.watching import Pace, StampedLines, follow, watched_folders
from rag.errors import EmbedderError, SourceNotFound, UsageError, WriterBusy
from tests.ingest.corpora import Killed, SmallCorpus
from tests.ingest.corpus.test_naming import names

WITHIN_S = 40.0
PACE = Pace(quiet_s=0.1, retry_s=0.2, rescan_s=1.0)


def wait_for_release(folder: CorpusFolder, number: int) -> None:
    ends = time.monotonic() + WITHIN_S
    while (folder.live() or 0) < number:
        assert time.monotonic() < ends, f"release {number} did not come"
        time.sleep(0.05)


@pytest.mark.slow
def test_changes_are_brought_in_when_it_is_quiet_until_sigterm(tmp_path: Path) -> None:
    docs, data = tmp_path / "docs", tmp_path / "data"
    docs.mkdir()
    (docs / "a.md").write_text("The Heron carries 120 passengers.\n")
    command = [sys.executable, "-m", "ingest", "add", str(docs), "--corpus", "x", "--watch"]
    options = ["--quiet-period", "0.3", "--data", str(data), "--json"]
    process = subprocess.Popen(
        [*command, *options], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    folder = CorpusFolder(data / "corpora" / "x")
    try:
        wait_for_release(folder, 1)
        (docs / "b.md").write_text("Dogs travel free.\n")
        wait_for_release(folder, 2)
        (docs / "a.md").unlink()
        wait_for_release(folder, 3)
    finally:
        process.send_signal(signal.SIGTERM)
        output, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (143, "")
    assert '"release": 2' in output
    manifest = folder.manifest(3)
    assert manifest and manifest.documents == 1


def test_only_local_folders_are_watched(tmp_path: Path) -> None:
    (tmp_path / "a.md").write_text("x")
    assert watched_folders([str(tmp_path / "a.md"), str(tmp_path / "*.md")]) == [tmp_path] * 2
    with pytest.raises(UsageError, match="cannot be watched"):
        watched_folders(["s3://bucket/folder"])
    with pytest.raises(SourceNotFound):
        watched_folders([str(tmp_path / "absent" / "x")])


class Watched:
    """A corpus that a thread follows, and what it said of problems."""

    def __init__(self, corpus: SmallCorpus) -> None:
        self.corpus = corpus
        self.told: list[str] = []
        self.is_over = False
        self.failure: Exception | None = None

    def bring_in(self) -> None:
        """One run, or the end of all."""
        if self.is_over:
            raise Killed
        if self.failure:
            raise self.failure
        self.corpus.add()

    def follow(self) -> None:
        """Follow until it is over."""
        with pytest.raises(Killed):
            follow([self.corpus.sources], self.bring_in, self.told.append, PACE)

    def wait(self, what: Callable[[], bool]) -> None:
        """Wait until something is so."""
        ends = time.monotonic() + WITHIN_S
        while not what():
            assert time.monotonic() < ends, self.told
            time.sleep(0.05)

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Be the writer in its place."""
        with ExitStack() as stack:

            def take() -> bool:
                try:
                    stack.enter_context(writer_lock(self.corpus.folder, "now"))
                except WriterBusy:
                    return False
                return True

            self.wait(take)
            yield

    def wait_for(self, *sources: str) -> None:
        """Wait until the live release holds just these sources."""
        is_live = self.corpus.folder.live
        self.wait(lambda: is_live() is not None and names(self.corpus) == [*sources])

    def wait_to_be_told(self, problem: str) -> None:
        """Wait until a problem has been told anew."""
        before = len(self.told)
        self.wait(lambda: any(problem in each for each in self.told[before:]))


@contextmanager
def watching(corpus: SmallCorpus) -> Iterator[Watched]:
    """A thread that follows a corpus' folder while the block lasts."""
    watched = Watched(corpus)
    thread = threading.Thread(target=watched.follow)
    thread.start()
    try:
        yield watched
    finally:
        watched.is_over = True
        corpus.sources.mkdir(exist_ok=True)
        thread.join(WITHIN_S)
    assert not thread.is_alive()


@pytest.mark.slow
def test_a_folder_that_is_emptied_goes_and_comes_back_is_followed_again(tmp_path: Path) -> None:
    corpus = SmallCorpus(tmp_path)
    with watching(corpus) as watched:
        watched.wait_to_be_told("holds no files")
        corpus.write("a.md", "First text.")
        watched.wait_for("a.md")
        corpus.sources.rename(tmp_path / "aside")
        watched.wait_to_be_told("is gone; what is live stays, waiting for it")
        (tmp_path / "aside").rename(corpus.sources)
        corpus.write("b.md", "Second text.")
        watched.wait_for("a.md", "b.md")
        shutil.rmtree(corpus.sources)
        corpus.sources.mkdir()
        watched.wait_to_be_told("holds no files")
        corpus.write("a.md", "First text.")
        corpus.write("b.md", "Second text.")
        corpus.write("c.md", "Third text.")
        watched.wait_for("a.md", "b.md", "c.md")


@pytest.mark.slow
def test_a_busy_writer_a_damaged_ledger_and_a_dead_model_are_outlived(tmp_path: Path) -> None:
    corpus = SmallCorpus(tmp_path)
    corpus.write("a.md", "First text.")
    with watching(corpus) as watched:
        watched.wait_for("a.md")
        with watched.locked():
            corpus.write("b.md", "Second text.")
            watched.wait_to_be_told("is being written by")
        watched.wait_for("a.md", "b.md")
        with watched.locked():
            sound = corpus.folder.ledger.read_bytes()
            corpus.folder.ledger.write_bytes(b"damaged" * 1000)
        watched.wait_to_be_told("ledger")
        with watched.locked():
            corpus.folder.ledger.write_bytes(sound)
        watched.failure = EmbedderError("the embeddings server is down")
        watched.wait_to_be_told("server is down; tried again in")
        watched.failure = OSError(30, "Read-only file system")
        watched.wait_to_be_told("Read-only file system")
        watched.failure = None
        corpus.write("c.md", "Third text.")
        watched.wait_for("a.md", "b.md", "c.md")


def test_each_line_of_a_log_begins_with_the_time() -> None:
    log = io.StringIO()
    lines = StampedLines(log)
    lines.write("one\ntwo ")
    lines.write("and more\n")
    stamped = log.getvalue().splitlines()
    assert [line[20:] for line in stamped] == [" one", " two and more"]
    assert all(line[:20].endswith("Z") for line in stamped)
