"""The pool of readers: one bad file fails alone, whatever it does to its process."""

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.formats.table import Extraction
from ingest.limits import Limits
from ingest.sandbox.confinement import can_deny_network
from ingest.sandbox.workers import Extracted, ExtractionPool, Job
from rag.errors import ExtractionFailed, SourceUnreadable

pytestmark = pytest.mark.slow

BAD = ("crash", "devour", "spin", "stumble", "killed", "flood")


def misbehave(path: Path, name: str, *, ocr: str, limits: Limits) -> Extraction:
    """Do to the process what `name` says."""
    if name == "hang":
        time.sleep(600)
    if name == "crash":
        os.kill(os.getpid(), signal.SIGSEGV)
    if name == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
    if name == "flood":
        path.with_name("flood").write_bytes(bytes(2_000_000))
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


def test_crashes_and_bombs_fail_only_their_file(jobs: list[Job]) -> None:
    limits = Limits(wall_s=60.0, cpu_s=1, file_bytes=1_000_000)
    with ExtractionPool(2, limits, extract=misbehave) as pool:
        results = list(pool.run(jobs))
    good = [result for job, result in results if job.name == "good"]
    assert [type(result) for result in good] == [Extracted] * len(BAD)
    failed = {job.name: result for job, result in results if job.name != "good"}
    assert all(isinstance(result, ExtractionFailed) for result in failed.values())
    assert str(failed["crash"]) == "the reader crashed (exit code -11): damaged, or too large"
    assert str(failed["devour"]) == "too large for the reader's memory"
    assert str(failed["spin"]) == "not read within 1 s of processor time"
    assert str(failed["stumble"]).startswith("the reader failed: KeyError")
    assert str(failed["killed"]).startswith("the reader was killed")
    assert "File too large" in str(failed["flood"])


def test_a_hang_fails_only_its_file(tmp_path: Path) -> None:
    path = tmp_path / "content"
    path.write_text("A good text.")
    jobs = [Job(f"{at}", path, name, 12) for at, name in enumerate(("good", "hang", "good"))]
    with ExtractionPool(1, Limits(wall_s=2.0), extract=misbehave) as pool:
        told = [result for _, result in pool.run(jobs)]
    assert [type(result) for result in told] == [Extracted, SourceUnreadable, Extracted]
    assert str(told[1]) == "not read within 2 s"


def call_home(path: Path, name: str, *, ocr: str, limits: Limits) -> Extraction:
    """Try to connect to the loopback port in the file, as `name` says, and tell what happened."""
    address = ("127.0.0.1", int(path.read_text()))
    try:
        if name == "child":
            code = f"import socket; socket.create_connection({address})"
            done = subprocess.run([sys.executable, "-c", code], capture_output=True)
            return Extraction(f"exit {done.returncode}", "text/plain")
        kind = socket.AF_UNIX if name == "unix" else socket.AF_INET
        with socket.socket(kind) as connection:
            connection.connect(address)
    except PermissionError:
        return Extraction("refused", "text/plain")
    return Extraction("connected", "text/plain")


@pytest.mark.skipif(not can_deny_network(), reason="this system has no filter against sockets")
def test_a_reader_and_its_children_reach_no_network_while_the_parent_does(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        path = tmp_path / "port"
        path.write_text(str(port))
        with socket.create_connection(("127.0.0.1", port)):
            pass
        jobs = [Job(name, path, name, 1) for name in ("tcp", "unix", "child")]
        with ExtractionPool(1, Limits(), extract=call_home) as pool:
            told = [result for _, result in pool.run(jobs) if isinstance(result, Extracted)]
    assert [each.extraction.text for each in told] == ["refused", "refused", "exit 1"]
    assert all(each.seconds > 0 for each in told)


def name_languages(path: Path, name: str, *, ocr: str, limits: Limits) -> Extraction:
    """The languages that the job named."""
    return Extraction(ocr or "none", "text/plain")


def test_a_job_hands_its_ocr_languages_to_the_reader(tmp_path: Path) -> None:
    jobs = [Job("a", tmp_path, "a", 1), Job("b", tmp_path, "b", 1, ocr="deu+eng")]
    with ExtractionPool(1, Limits(), extract=name_languages) as pool:
        told = [result for _, result in pool.run(jobs) if isinstance(result, Extracted)]
    assert [each.extraction.text for each in told] == ["none", "deu+eng"]
