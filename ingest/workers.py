"""Extraction in worker processes under limits, so that a bad file fails alone."""

import multiprocessing
import os
import resource
import signal
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from ingest.blocks import find_title
from ingest.chunking import Draft, draft_chunks
from ingest.extraction import Extraction, extract
from rag.errors import ExtractionFailed

WAITING_JOBS = 256
WAITING_BYTES = 64_000_000

Extractor = Callable[[Path, str], Extraction]
"""Turns a file, and the name that users know it by, into text."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one file may cost its worker."""

    wall_s: float = 90.0
    cpu_s: int = 60
    memory_bytes: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Job:
    """A file to extract: where its bytes are, what users call it, how large it is."""

    key: str
    path: Path
    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Extracted:
    """A worker's result: the extraction and its chunks, not yet fitted to a token window."""

    extraction: Extraction
    drafts: list[Draft]


class ExtractionPool:
    """A pool of spawned processes, started with the first job and reused for all."""

    def __init__(self, workers: int, limits: Limits, *, extract: Extractor = extract) -> None:
        self._limits = limits
        self._extract = extract
        self._pool = ProcessPool(
            max_workers=workers,
            initializer=_confine,
            initargs=(self._limits.memory_bytes,),
            context=multiprocessing.get_context("spawn"),
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is None:
            self._pool.close()  # type: ignore[no-untyped-call]  # pebble leaves it untyped
        else:
            self._pool.stop()  # type: ignore[no-untyped-call]  # pebble leaves it untyped
        self._pool.join()

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Extracted | ExtractionFailed]]:
        """Each job's result in order; a crash, hang or error is a result, not an exception."""
        waiting: deque[tuple[Job, ProcessFuture[Extracted]]] = deque()
        size = 0
        for job in jobs:
            future = self._pool.schedule(
                _work, args=(job, self._limits.cpu_s, self._extract), timeout=self._limits.wall_s
            )
            waiting.append((job, future))
            size += job.size
            while len(waiting) > WAITING_JOBS or size > WAITING_BYTES:
                done, future = waiting.popleft()
                size -= done.size
                yield done, self._result(future)
        while waiting:
            done, future = waiting.popleft()
            yield done, self._result(future)

    def _result(self, future: ProcessFuture[Extracted]) -> Extracted | ExtractionFailed:
        error = future.exception()
        if error is None:
            return future.result()
        if isinstance(error, ExtractionFailed):
            return error
        if isinstance(error, FutureTimeoutError):
            return ExtractionFailed(f"not read within {self._limits.wall_s:.0f} s")
        if isinstance(error, ProcessExpired):
            return ExtractionFailed(f"the reader crashed (exit code {error.exitcode})")
        return ExtractionFailed(f"the reader failed: {type(error).__name__}: {error}"[:200])


def _confine(memory_bytes: int) -> None:
    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)  # native parsers write their complaints straight to these
    os.dup2(silence, 2)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def _work(job: Job, cpu_s: int, extract: Extractor) -> Extracted:
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(used.ru_utime + used.ru_stime) + cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
    try:
        extraction = extract(job.path, job.name)
        drafts = draft_chunks(
            extraction.text, is_markdown=extraction.is_markdown, pages=extraction.pages
        )
    except MemoryError as error:
        raise ExtractionFailed("too large for the reader's memory") from error
    except (OSError, ValueError) as error:
        raise ExtractionFailed(f"cannot be read: {error}") from error
    if extraction.is_markdown and not extraction.title:
        extraction = replace(extraction, title=find_title(extraction.text))
    return Extracted(extraction, drafts)


def count_workers(files: int) -> int:
    """As many workers as there are processors or files, at least one."""
    return max(1, min(len(os.sched_getaffinity(0)), files))
