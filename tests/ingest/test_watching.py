"""`--watch`: a folder is followed until the command is told to end."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ingest.publishing import CorpusFolder
from ingest.watching import watched_folders
from rag.errors import SourceNotFound, UsageError

WITHIN_S = 40.0


def wait_for_release(folder: CorpusFolder, number: int) -> None:
    ends = time.monotonic() + WITHIN_S
    while (folder.live() or 0) < number:
        assert time.monotonic() < ends, f"release {number} did not come"
        time.sleep(0.05)


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
