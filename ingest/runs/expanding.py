"""Archives among the sources of a run, each replaced by its members."""

import os
import shutil
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

from ingest.corpus.ledger import SourceRow
from ingest.corpus.setup import OpenCorpus
from ingest.corpus.widening import NARROWED, read_stamp
from ingest.runs.comparing import Comparison
from ingest.runs.settling import TRY_AGAIN
from ingest.sandbox.workers import ExtractionPool
from ingest.sources.archives import is_archive, member_sources, unpack
from ingest.sources.source import Source
from rag.errors import ExtractionFailed, SourceSkipped, SourceUnreadable, StorageError

Seen = tuple[int, int, str]


class ArchiveExpander:
    """Unpacks archives below a scratch folder; one that has not changed is not even opened.

    `seen` is what the archives were like of which the members are known then.
    """

    def __init__(self, corpus: OpenCorpus, comparison: Comparison) -> None:
        self._comparison = comparison
        self._limits = corpus.setup.limits
        self._may_widen = corpus.setup.widen
        self._reads_all = corpus.setup.checksum
        self._scratch = corpus.folder.path / f".unpacked-{os.getpid()}"
        self.seen: dict[str, Seen] = {}
        self._before = {} if self._reads_all else corpus.ledger.archives()
        self._members: dict[str, list[SourceRow]] = {}
        for uri, row in comparison.known.items() if self._before else ():
            archive, mark, _ = uri.partition("!/")
            if mark:
                self._members.setdefault(archive, []).append(row)

    def expand(self, sources: tuple[Source, ...]) -> tuple[Source, ...]:
        """Replace each archive by its members; one that cannot be unpacked has a problem."""
        archives = [each for each in sources if is_archive(each.name) and not each.problem]
        if not archives:
            return sources
        members: dict[str, list[Source]] = {}
        fresh = []
        for archive in archives:
            if problem := self._failed_before(archive):
                members[archive.uri] = [replace(archive, problem=problem)]
                continue
            self.seen[archive.uri] = self._look(archive)
            if self._is_unchanged(archive):
                members[archive.uri] = list(self._recorded(archive))
            else:
                fresh.append(archive)
        if fresh:
            self._unpack_all(fresh, members)
        found = [each for source in sources for each in members.get(source.uri) or [source]]
        return tuple(sorted(found, key=lambda source: source.uri))

    def _look(self, archive: Source) -> Seen:
        return (
            archive.size,
            archive.mtime_ns,
            f"{self._comparison.stamp(archive)} {self._comparison.extractor}",
        )

    def _is_unchanged(self, archive: Source) -> bool:
        if archive.mtime_ns < 0 or self._before.get(archive.uri) != self._look(archive):
            return False
        return not any(map(self._must_be_read, self._members.get(archive.uri, ())))

    def _must_be_read(self, member: SourceRow) -> bool:
        if member.mtime_ns == TRY_AGAIN or NARROWED in member.stamp:
            return True
        return self._may_widen and read_stamp(member.stamp)[1] is not None

    def _failed_before(self, archive: Source) -> ExtractionFailed | None:
        """Why it could not be unpacked, where it is just what it was then."""
        row = self._comparison.known.get(archive.uri)
        if row is None or row.state != "quarantined" or self._reads_all:
            return None
        at = (archive.size, archive.mtime_ns, self._comparison.extractor)
        is_same = archive.mtime_ns >= 0 and at == (row.size, row.mtime_ns, row.extractor)
        return ExtractionFailed(row.reason) if is_same else None

    def _recorded(self, archive: Source) -> Iterator[Source]:
        """The members of an archive that has not changed, as they were recorded."""
        labels = self._comparison.stamp(archive).removesuffix(archive.stamp)
        for row in self._members.get(archive.uri, ()):
            stamp = read_stamp(row.stamp)[0].removeprefix(labels)
            at = (row.uri, archive.root, archive.path, row.name, row.size, row.mtime_ns)
            yield Source(*at, problem=_problem(row), stamp=stamp)

    def _unpack_all(self, fresh: list[Source], members: dict[str, list[Source]]) -> None:
        with ExtractionPool(1, self._limits) as pool:
            for number, archive in enumerate(fresh):
                try:
                    folder = self._scratch / f"{number:05}"
                    members[archive.uri] = self._unpack(pool, archive, folder)
                except ExtractionFailed as error:
                    members[archive.uri] = [replace(archive, problem=error)]
                    del self.seen[archive.uri]

    def _unpack(self, pool: ExtractionPool, archive: Source, folder: Path) -> list[Source]:
        limits = self._limits
        if archive.fetch is None and archive.size > limits.source_bytes:
            raise ExtractionFailed(f"larger than {limits.source_bytes / 1e6:g} MB")
        try:
            folder.mkdir(parents=True)
            path = self._fetch(archive, folder.with_suffix(".archive"))
        except OSError as error:
            raise StorageError(f"{folder} cannot be written: {error.strerror}") from error
        members = pool.call(partial(unpack, path, archive.name, folder, limits))
        return member_sources(archive, members)

    def _fetch(self, archive: Source, target: Path) -> Path:
        """Where an archive can be read: its own place, or a copy of one that is far away."""
        if archive.fetch is not None:
            archive.fetch(target, most_bytes=self._limits.source_bytes)
            return target
        try:
            archive.path.open("rb").close()
        except OSError as error:
            raise SourceUnreadable(error.strerror or "cannot be opened") from error
        return archive.path

    def clear(self) -> None:
        """Remove what was unpacked."""
        shutil.rmtree(self._scratch, ignore_errors=True)


def _problem(row: SourceRow) -> ExtractionFailed | None:
    if row.state == "skipped":
        return SourceSkipped(row.reason)
    return ExtractionFailed(row.reason) if row.state == "quarantined" else None
