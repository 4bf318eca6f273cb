"""The pool of readers: one bad file fails alone, whatever it does to its process."""

import os
import signal
import time
from pathlib import Path

import pytest

from ingest.extraction import Extraction
from ingest.workers import Extracted, ExtractionPool, Job, Limits
from rag.errors import ExtractionFailed

BAD = ("hang", "crash", "devour", "spin", "stumble")


def misbehave(path: Path, name: str) -> Extraction:
    """Do to the process what `name` says."""
    if name == "hang":
        time.sleep(600)
    if name == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    while name == "spin":
        pass
    if name == "stumble":
        raise KeyError("a fault of our own")
    text = "x" * (4 << 30) if name == "devour" else path.read_text()
    return Extraction(text, "text/plain", "")


@pytest.fixture
def jobs(tmp_path: Path) -> list[Job]:
    """One job for each bad format, good ones between."""
    path = tmp_path / "content"
    path.write_text("A good text.")
    names = [name for bad in BAD for name in (bad, "good")]
    return [Job(f"{at}", path, name, 12) for at, name in enumerate(names)]


def test_hangs_crashes_and_bombs_fail_only_their_file(jobs: list[Job]) -> None:
    limits = Limits(wall_s=3.0, cpu_s=1)
    with ExtractionPool(2, limits, extract=misbehave) as pool:
        results = list(pool.run(jobs))
    good = [result for job, result in results if job.name == "good"]
    assert [type(result) for result in good] == [Extracted] * len(BAD)
    failed = {job.name: result for job, result in results if job.name != "good"}
    assert all(isinstance(result, ExtractionFailed) for result in failed.values())
    assert str(failed["hang"]) == "not read within 3 s"
    assert str(failed["crash"]) == "the reader crashed (exit code -11)"
    assert str(failed["devour"]) == "too large for the reader's memory"
    assert str(failed["spin"]).startswith("the reader crashed")
    assert str(failed["stumble"]).startswith("the reader failed: KeyError")
