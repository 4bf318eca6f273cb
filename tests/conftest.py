"""For all tests: readers that stay warm, slow files first, skips that count as failures."""

import os
import shutil
import tempfile
from collections.abc import Callable, Generator, Iterator
from contextlib import AbstractContextManager, ExitStack, nullcontext
from pathlib import Path

import pytest

from ingest.limits import DEFAULTS, Limits
from ingest.runs import expanding, reading
from ingest.sandbox.workers import ExtractionPool
from tests.ingest.corpora import FAST

MEMORY = Path("/dev/shm")
ROOM_BYTES = 4 << 30
"""Several times what the tests hold at a time."""
OpenPool = Callable[[int, Limits], AbstractContextManager[ExtractionPool]]


def pytest_addoption(parser: pytest.Parser) -> None:
    """An option for where nothing may be missing."""
    parser.addoption("--no-skips", action="store_true", help="count a skipped test as failed")


def pytest_configure() -> None:
    """One thread each; temporary files in memory where it is large: nothing here needs a disk.

    Most of the time of a small run is waiting for the disk to say that it has what was written.
    """
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # as many workers as processors run beside it
    is_large = MEMORY.is_dir() and shutil.disk_usage(MEMORY).free > ROOM_BYTES
    if is_large and "TMPDIR" not in os.environ:
        os.environ["TMPDIR"] = str(MEMORY)
        tempfile.tempdir = None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    item: pytest.Item,
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """With `--no-skips`, fail what was skipped, for the same reason."""
    report = yield
    is_wanted = item.config.getoption("no_skips")
    if report.skipped and is_wanted and isinstance(report.longrepr, tuple):
        report.outcome = "failed"
        report.longrepr = f"{report.longrepr[-1]}: nothing may be skipped here"
    return report


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests first, so that no worker begins a long one when others are done."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def warm_pools() -> Iterator[OpenPool]:
    """Pools of readers as a run starts them, but started once for all tests.

    A run whose limits are of its own has readers of its own.
    """
    kept: dict[tuple[int, Limits], ExtractionPool] = {}
    with ExitStack() as stack:

        def open_pool(workers: int, limits: Limits) -> AbstractContextManager[ExtractionPool]:
            if limits not in (FAST, DEFAULTS):
                return ExtractionPool(workers, limits)
            if (workers, limits) not in kept:
                kept[workers, limits] = stack.enter_context(ExtractionPool(workers, limits))
            return nullcontext(kept[workers, limits])

        yield open_pool


@pytest.fixture(autouse=True)
def _readers_stay_warm(warm_pools: OpenPool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "ExtractionPool", warm_pools)
    monkeypatch.setattr(expanding, "ExtractionPool", warm_pools)
