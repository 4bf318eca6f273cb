"""What a run finds compared with what the ledger knows: which sources have to be opened at all."""

from dataclasses import replace
from importlib.metadata import version

from ingest.corpus.blobs import Blob
from ingest.corpus.history import hash_uri
from ingest.corpus.ledger import SourceRow
from ingest.corpus.roots import KnownRoots, take_in
from ingest.corpus.setup import OpenCorpus
from ingest.corpus.widening import read_stamp
from ingest.formats.table import EXTRACTOR
from ingest.runs.settling import TRY_AGAIN, Settlement
from ingest.sources.archives import is_archive
from ingest.sources.labels import Labels, stamp_of
from ingest.sources.local import side_cars_above
from ingest.sources.source import LOCAL, Scan, Source


def extractor_fingerprint(ocr: str) -> str:
    """What a document's text depends on besides its bytes."""
    name = f"{EXTRACTOR}/kreuzberg-{version('kreuzberg')}"
    return f"{name}/ocr-{ocr}" if ocr else name


class Comparison:
    """Tells what became of each source that need not be read; the settlement notes it."""

    def __init__(self, corpus: OpenCorpus, settlement: Settlement) -> None:
        self.extractor = settlement.extractor
        self.known = settlement.known
        self._ledger = corpus.ledger
        self._setup = corpus.setup
        self._settlement = settlement
        self._erased = corpus.ledger.history.tombstones()
        self._roots = KnownRoots({})

    def take_in(self, scan: Scan) -> Scan:
        """Remember what is said of the roots now; the sources with side-cars from around them."""
        with self._ledger.transaction():
            self._roots = take_in(self._ledger.history, scan)
        above = {
            root: side_cars_above(root, outer)
            for root in scan.roots
            if root.startswith(LOCAL) and (outer := self._roots.outermost(root)) != root
        }
        if not any(above.values()):
            return scan
        sources = []
        for each in scan.sources:
            inherited = above.get(each.root, ())
            stamp, side_cars = stamp_of(inherited) + each.stamp, (*inherited, *each.side_cars)
            sources.append(replace(each, stamp=stamp, side_cars=side_cars))
        return replace(scan, sources=tuple(sources))

    def labels(self, source: Source) -> Labels:
        """What holds of a source by its roots, its side-cars aside."""
        return self._roots.labels(source.uri, source.root)

    def stamp(self, source: Source) -> str:
        """A short text that changes whenever the labels of a source or their side-cars do."""
        return self.labels(source).stamp + source.stamp

    def find_changed(self, scan: Scan) -> list[Source]:
        """Settle what is gone and all that can be told without opening it; the other sources."""
        found = {source.uri for source in scan.sources}
        with self._ledger.transaction():
            for uri, row in self.known.items():
                if uri in found:
                    continue
                if scan.covers(uri, row.root):
                    self._settlement.remove(row)
                elif scan.is_unseen(uri):
                    self._settlement.narrow_unseen(row, self._roots.labels(uri, row.root).access)
        changed = [source for source in scan.sources if not self._is_settled(source)]
        with self._ledger.transaction():
            self._settlement.flush()
        return changed

    def _is_settled(self, source: Source) -> bool:
        row = self.known.get(source.uri)
        if source.problem:
            self._settlement.fail(source, source.problem, self.labels(source).access)
            return True
        if is_archive(source.name):  # those with members have been replaced by these
            self._settlement.give_up(source, "empty", reason="an archive without files")
            return True
        if forgotten := self._erased.get(hash_uri(source.uri)):
            self._settlement.forgotten(source, forgotten)
            return True
        if row is None or self._setup.checksum or not self._is_whole(row, self.stamp(source)):
            return False
        if (row.size, row.mtime_ns) != (source.size, source.mtime_ns) or source.mtime_ns < 0:
            return False
        self._settlement.keep(source, row)
        return True

    def is_settled_by_content(self, source: Source, blob: Blob, stamp: str, labels: Labels) -> bool:
        """Whether the bytes of a source tell what becomes of it; then it is noted."""
        row = self.known.get(source.uri)
        if row and self._is_same(row, blob, stamp, labels):
            self._settlement.keep(source, row)
            return True
        if forgotten := self._erased.get(blob.sha256):
            self._settlement.forgotten(source, forgotten)
            return True
        return False

    def _is_same(self, row: SourceRow, blob: Blob, stamp: str, labels: Labels) -> bool:
        """Whether a source that was opened holds what is recorded of it.

        What failed is read again when all is asked to be, and labels are compared themselves.
        """
        if row.sha256 != blob.sha256 or not self._is_whole(row, stamp):
            return False
        if not self._settlement.has_document(row.uri):
            return row.mtime_ns != TRY_AGAIN and not self._setup.checksum
        recorded, wanted = self._ledger.readers(row.uri), read_stamp(row.stamp)[1]
        return labels.access == (wanted or recorded) or not self._setup.checksum

    def _is_whole(self, row: SourceRow, stamp: str) -> bool:
        """Whether what is recorded of a source still stands if its content is the same."""
        plain, wanted = read_stamp(row.stamp)
        may_open = wanted is not None and self._setup.widen
        return row.extractor == self.extractor and plain == stamp and not may_open
