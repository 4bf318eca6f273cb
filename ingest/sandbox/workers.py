"""Extraction in worker processes under limits, so that a bad file fails alone."""

import multiprocessing
import os
import resource
import signal
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import TimeoutError as FutureTimeoutError
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Protocol, Self, TypeVar

from pebble import ProcessExpired, ProcessFuture, ProcessPool

from ingest.formats.table import Extraction, extract
from ingest.limits import Limits
from ingest.sandbox.confinement import confine
from ingest.text.chunking import Draft, draft_chunks
from ingest.text.structure import find_title
from rag.errors import ExtractionFailed, SourceUnreadable

T = TypeVar("T")

WAITING_JOBS = 256  # chosen: workers never wait for the parent
WAITING_BYTES = 64_000_000  # chosen: results that wait in memory stay small


class Extractor(Protocol):
    """Turns a file, and the name that users know it by, into text."""

    def __call__(self, path: Path, name: str, *, ocr: str, limits: Limits) -> Extraction:
        """The text of the file. Raises ExtractionFailed."""


@dataclass(frozen=True, slots=True)
class Job:
    """A file to extract: where its bytes are, what users call it, how large it is.

    `ocr` names the languages in which pictures of text are read, e.g. `deu+eng`, or none.
    """

    key: str
    path: Path
    name: str
    size: int
    ocr: str = ""


@dataclass(frozen=True, slots=True)
class Extracted:
    """A worker's result: the extraction and its chunks, not yet fitted to a token window."""

    extraction: Extraction
    drafts: list[Draft]
    seconds: float = 0.0


class ExtractionPool:
    """A pool of spawned processes, started with the first job and reused for all."""

    def __init__(self, workers: int, limits: Limits, *, extract: Extractor = extract) -> None:
        self._limits = limits
        self._extract = extract
        self._pool = ProcessPool(
            max_workers=workers,
            initializer=confine,
            initargs=(limits.memory_bytes, limits.file_bytes),
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
            work = partial(_work, job, self._limits, self._extract)
            waiting.append((job, self._schedule(work, self._times(job))))
            size += job.size
            while len(waiting) > WAITING_JOBS or size > WAITING_BYTES:
                done, future = waiting.popleft()
                size -= done.size
                result = self._result(future, self._times(done))
                yield done, result
        while waiting:
            done, future = waiting.popleft()
            result = self._result(future, self._times(done))
            yield done, result

    def call(self, work: Callable[[], T]) -> T:
        """What `work` gives, done in a worker under the same limits. Raises ExtractionFailed."""
        result = self._result(self._schedule(work, 1), 1)
        if isinstance(result, ExtractionFailed):
            raise result
        return result

    def _times(self, job: Job) -> int:
        """How many times the usual limits of time a job may take."""
        return self._limits.ocr_times if job.ocr else 1

    def _schedule(self, work: Callable[[], T], times: int) -> ProcessFuture[T]:
        limits = self._limits
        return self._pool.schedule(
            _do, args=(work, limits.cpu_s * times), timeout=limits.wall_s * times
        )

    def _result(self, future: ProcessFuture[T], times: int) -> T | ExtractionFailed:
        error = future.exception()
        return future.result() if error is None else self._explain(error, times=times)

    def _explain(self, error: BaseException, *, times: int) -> ExtractionFailed:
        if isinstance(error, ExtractionFailed):
            return error
        if isinstance(error, FutureTimeoutError):
            return SourceUnreadable(f"not read within {self._limits.wall_s * times:.0f} s")
        if isinstance(error, ProcessExpired):
            return _describe_exit(error.exitcode, self._limits.cpu_s * times)
        return ExtractionFailed(f"the reader failed: {type(error).__name__}: {error}"[:200])


def _describe_exit(code: int, cpu_s: int) -> ExtractionFailed:
    if code == -signal.SIGXCPU:
        return SourceUnreadable(f"not read within {cpu_s} s of processor time")
    if code == -signal.SIGKILL:
        return SourceUnreadable("the reader was killed: too large for the memory there is")
    return ExtractionFailed(f"the reader crashed (exit code {code}): damaged, or too large")


def _do(work: Callable[[], T], cpu_s: int) -> T:
    used = resource.getrusage(resource.RUSAGE_SELF)
    allowed = int(used.ru_utime + used.ru_stime) + cpu_s
    resource.setrlimit(resource.RLIMIT_CPU, (allowed, resource.RLIM_INFINITY))
    try:
        return work()
    except MemoryError as error:
        raise ExtractionFailed("too large for the reader's memory") from error


def _work(job: Job, limits: Limits, extract: Extractor) -> Extracted:
    began = time.monotonic()
    try:
        extraction = extract(job.path, job.name, ocr=job.ocr, limits=limits)
        drafts = draft_chunks(
            extraction.text, is_markdown=extraction.is_markdown, pages=extraction.pages
        )
    except (OSError, ValueError) as error:
        raise ExtractionFailed(f"cannot be read: {error}") from error
    if extraction.is_markdown and not extraction.title:
        extraction = replace(extraction, title=find_title(extraction.text))
    return Extracted(extraction, drafts, time.monotonic() - began)


def count_workers(files: int) -> int:
    """As many workers as there are processors or files, at least one."""
    return max(1, min(len(os.sched_getaffinity(0)), files))
