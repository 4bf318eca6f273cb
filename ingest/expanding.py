"""Archives among the sources of a run, each replaced by its members."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.blobs import MOST_BYTES
from ingest.ledger import Ledger, SourceRow
from ingest.sources import Source
from ingest.unpacking import is_archive, member_sources, unpack
from ingest.workers import ExtractionPool, Limits
from rag.errors import ExtractionFailed, StorageError

Seen = tuple[int, int, str]


@dataclass(frozen=True, slots=True)
class Expanded:
    """All sources of a run, and what the archives among them were like."""

    sources: tuple[Source, ...]
    archives: dict[str, Seen]


class ArchiveExpander:
    """Unpacks archives below `scratch`; one that has not changed is not even opened."""

    def __init__(
        self, ledger: Ledger, scratch: Path, limits: Limits, *, again: bool, extractor: str
    ) -> None:
        self._scratch = scratch
        self._limits = limits
        self._extractor = extractor
        self._seen = {} if again else ledger.archives()

    def expand(self, sources: tuple[Source, ...], known: dict[str, SourceRow]) -> Expanded:
        """Replace each archive by its members; one that cannot be unpacked has a problem."""
        archives = [each for each in sources if is_archive(each.name) and not each.problem]
        if not archives:
            return Expanded(sources, {})
        fresh = [archive for archive in archives if not self._is_unchanged(archive)]
        members = {
            archive.uri: list(_recorded(archive, known))
            for archive in archives
            if self._is_unchanged(archive)
        }
        seen = {archive.uri: self._look(archive) for archive in archives}
        if fresh:
            self._unpack_all(fresh, members, seen)
        found = [each for source in sources for each in members.get(source.uri) or [source]]
        return Expanded(tuple(sorted(found, key=lambda source: source.uri)), seen)

    def _look(self, archive: Source) -> Seen:
        return archive.size, archive.mtime_ns, f"{archive.stamp} {self._extractor}"

    def _is_unchanged(self, archive: Source) -> bool:
        return archive.mtime_ns >= 0 and self._seen.get(archive.uri) == self._look(archive)

    def _unpack_all(
        self, fresh: list[Source], members: dict[str, list[Source]], seen: dict[str, Seen]
    ) -> None:
        with ExtractionPool(1, self._limits) as pool:
            for number, archive in enumerate(fresh):
                try:
                    folder = self._scratch / f"{number:05}"
                    members[archive.uri] = self._unpack(pool, archive, folder)
                except ExtractionFailed as error:
                    members[archive.uri] = [replace(archive, problem=str(error))]
                    del seen[archive.uri]

    def _unpack(self, pool: ExtractionPool, archive: Source, folder: Path) -> list[Source]:
        path = archive.path
        if archive.fetch is None and archive.size > MOST_BYTES:
            raise ExtractionFailed(f"larger than {MOST_BYTES // 1_000_000} MB")
        try:
            folder.mkdir(parents=True)
            if archive.fetch is not None:
                path = self._scratch / f"{folder.name}.archive"
                archive.fetch(path, most_bytes=MOST_BYTES)
        except OSError as error:
            raise StorageError(f"{folder} cannot be written: {error.strerror}") from error
        return member_sources(archive, pool.call(unpack, path, archive.name, folder))

    def clear(self) -> None:
        """Remove what was unpacked."""
        shutil.rmtree(self._scratch, ignore_errors=True)


def _recorded(archive: Source, known: dict[str, SourceRow]) -> Iterator[Source]:
    """The members of an archive that has not changed, as they were recorded."""
    for uri, row in known.items():
        if uri.startswith(f"{archive.uri}!/"):
            problem = row.reason if row.state == "quarantined" else ""
            at = (uri, archive.root, archive.path, row.name, row.size, row.mtime_ns)
            yield Source(*at, problem=problem, stamp=row.stamp)
