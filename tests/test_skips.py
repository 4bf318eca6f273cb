"""What is missing on a machine is skipped there, and fails where nothing may be missing."""

import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
SKIPPING = """
import pytest

def test_it() -> None:
    pytest.skip("needs a ship: apt-get install -y ship")

@pytest.mark.skipif(True, reason="needs a pier")
def test_its_pier() -> None: ...
"""


def run(test: Path, *options: str) -> subprocess.CompletedProcess[str]:
    """The tests of a file under the rules of this project."""
    rules = ("-c", "pyproject.toml", "-p", "tests.conftest", "-p", "no:cacheprovider", "-rs")
    command = [sys.executable, "-m", "pytest", *rules, *options, str(test)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


def test_a_skipped_test_fails_where_nothing_may_be_missing(tmp_path: Path) -> None:
    test = tmp_path / "test_skipping.py"
    test.write_text(SKIPPING)
    skipped, failed = run(test), run(test, "--no-skips")
    assert (skipped.returncode, failed.returncode) == (0, 1)
    assert "needs a ship: apt-get install -y ship" in skipped.stdout
    assert "2 skipped" in skipped.stdout
    assert "needs a ship: apt-get install -y ship: nothing may be skipped here" in failed.stdout
    assert "1 failed, 1 error" in failed.stdout
