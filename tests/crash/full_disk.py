"""Runs on disks that are too small, by a limit on the size of files or by a real small disk."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ingest.releases.publishing import CorpusFolder
from rag.adapters.memory.release import HashingEmbedder
from rag.bootstrap import open_probed_release
from rag.errors import StorageError
from rag.releases.seals import damaged_files
from tests.crash.child import Orders
from tests.crash.harness import check_release, run_child, state, write_sources

SLACK_BYTES = 64_000


def fill_disks(root: Path, sizes: int) -> list[str]:
    """Try a run at so many sizes of a disk; what was wrong."""
    before = prepare(root)
    can_mount = _can_mount(root)
    problems = []
    for number in range(sizes):
        share = number / sizes
        problem = (
            try_small_disk(root, before, share) if can_mount else try_small_files(before, share)
        )
        problems += [f"size {number} of {sizes}: {problem}"] if problem else []
    how = "small disks" if can_mount else "limits on the size of files"
    sys.stdout.write(f"full disk ({how}): {sizes - len(problems)} of {sizes} held\n")
    return problems


def prepare(root: Path) -> Orders:
    """A corpus with a live release whose sources have all changed since."""
    sources = write_sources(root / "docs", 1)
    orders = Orders(str(sources), str(root / "data" / "corpora" / "small"), str(root / "report"))
    done = run_child(orders)
    if done.returncode:
        raise RuntimeError(f"the uninterrupted run failed: {done.stderr}")
    shutil.rmtree(sources)
    write_sources(root / "docs", 3)
    return replace(orders, checks_disk=False)


def try_small_files(before: Orders, share: float) -> str:
    """A run in which no file may grow beyond a share of the largest; what was wrong."""
    copy = Path(before.corpus).parent.parent.parent / "limited"
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(Path(before.corpus), copy / "corpora" / "small")
    orders = replace(before, corpus=str(copy / "corpora" / "small"))
    largest = max(path.stat().st_size for path in copy.rglob("*") if path.is_file())
    limit = int(4096 + share * largest)
    try:
        return _check(orders, replace(orders, file_bytes=limit))
    finally:
        shutil.rmtree(copy)


def try_small_disk(root: Path, before: Orders, share: float) -> str:
    """A run on a disk that has room for a share of what the run needs; what was wrong."""
    used = sum(path.stat().st_size for path in Path(before.corpus).rglob("*") if path.is_file())
    with _mounted(root / "disk", int(used * (1.1 + 1.2 * share)) + SLACK_BYTES) as disk:
        corpus = disk / "corpora" / "small"
        shutil.copytree(before.corpus, corpus)
        orders = replace(before, corpus=str(corpus))
        return _check(orders, orders, make_room=lambda: _resize(disk))


def _check(orders: Orders, limited: Orders, *, make_room: object = None) -> str:
    folder = CorpusFolder(Path(orders.corpus))
    old = state(folder)
    done = run_child(limited)
    if done.returncode not in (0, StorageError.exit_code):
        return f"exit code {done.returncode}: {done.stderr[-300:]}"
    if done.returncode and (state(folder) != old or done.stderr.count("\n") != 1):
        return f"the live release changed, or more than a line was said: {done.stderr[-300:]}"
    if not _serves(folder):
        return "nothing serves"
    if callable(make_room):
        make_room()
    if problem := check_release(folder, folder.live() or 0):
        return problem
    again = run_child(orders)
    if again.returncode:
        return f"the next run ended with {again.returncode}: {again.stderr[-300:]}"
    return "" if state(folder)[1] != old[1] else "the next run changed nothing"


def _serves(folder: CorpusFolder) -> bool:
    """Whether the live release is whole and answers, as a service would open it."""
    live = folder.live()
    if live is None:
        return False
    release = open_probed_release(folder.release(live))
    try:
        vector = HashingEmbedder().embed_queries(["The boat of pier 1-1 sails."])[0]
        return (
            not damaged_files(folder.release(live)) and len(release.vectors.search(vector, 5)) == 5
        )
    finally:
        release.close()


def _can_mount(root: Path) -> bool:
    try:
        with _mounted(root / "trial", 1 << 20):
            return True
    except (subprocess.CalledProcessError, FileNotFoundError):
        return False


@contextmanager
def _mounted(folder: Path, size: int) -> Iterator[Path]:
    folder.mkdir(exist_ok=True)
    mount = ["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", str(folder)]
    subprocess.run(mount, check=True, capture_output=True)
    try:
        yield folder
    finally:
        subprocess.run(["umount", "-l", str(folder)], check=True, capture_output=True)


def _resize(folder: Path) -> None:
    command = ["mount", "-o", "remount,size=1g", str(folder)]
    subprocess.run(command, check=True, capture_output=True)
