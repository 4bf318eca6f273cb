"""Commands run as one who may not write what files' modes forbid, whoever runs the tests."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
DROPPED = "-dac_override,-dac_read_search,-fowner"
WRITE_BITS = 0o222


def run_unprivileged(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """`python ARGUMENTS` without root's right to pass over modes."""
    drop = ["setpriv", "--bounding-set", DROPPED, "--inh-caps", DROPPED] if os.getuid() == 0 else []
    return subprocess.run(
        [*drop, sys.executable, *arguments],
        cwd=ROOT,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        timeout=120,
    )


def can_drop() -> bool:
    """Whether the tests run as somebody whom modes stop, or can run a command as such."""
    return os.getuid() != 0 or shutil.which("setpriv") is not None


@contextmanager
def read_only(folder: Path) -> Iterator[Path]:
    """`folder` with all that is in it, which nobody may write for the time being."""
    modes = {path: path.stat().st_mode for path in (folder, *folder.rglob("*"))}
    for path, mode in modes.items():
        path.chmod(mode & ~WRITE_BITS)
    try:
        yield folder
    finally:
        for path, mode in modes.items():
            path.chmod(mode)


@contextmanager
def mounted(folder: Path, *options: str) -> Iterator[Path]:
    """A file system mounted at `folder`. Raises CalledProcessError where that is not allowed."""
    folder.mkdir(exist_ok=True)
    subprocess.run(["mount", *options, str(folder)], check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def can_mount(folder: Path) -> bool:
    """Whether the tests may mount."""
    try:
        with mounted(folder, "-t", "tmpfs", "-o", "size=1m", "tmpfs"):
            return True
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False
