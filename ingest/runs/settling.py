"""What becomes of the sources of a run, noted one by one and written to the ledger in batches."""

from dataclasses import replace

from ingest.corpus.ledger import Ledger, SourceRow, State
from ingest.corpus.widening import NARROWED, AccessGuard, is_within, read_stamp
from ingest.runs.outcomes import Change, Outcome
from ingest.sources.labels import SIDE_CAR_MARK
from ingest.sources.source import Source
from rag.errors import ExtractionFailed, SourceSkipped, SourceUnreadable

TRY_AGAIN = -1
"""The time of a file that is to be looked into in the next run, whatever its own is."""
FOLDER = "its folder cannot be read"
WITHOUT_DOCUMENT: tuple[State, ...] = ("quarantined", "skipped", "empty")


class Settlement:
    """One outcome for each source; a document stays where its source cannot be read for now."""

    def __init__(self, ledger: Ledger, guard: AccessGuard, extractor: str) -> None:
        self.known = ledger.sources()
        self.outcomes: dict[str, Outcome] = {}
        self._ledger = ledger
        self._guard = guard
        self.extractor = extractor
        self._chunks = ledger.count_chunks()
        self._rows: list[SourceRow] = []
        self._dropped: list[str] = []

    def has_document(self, uri: str) -> bool:
        """Whether a document was recorded of a source before this run."""
        return uri in self._chunks

    def row(self, source: Source, state: State, *, sha256: str = "", stamp: str = "") -> SourceRow:
        """A source as it is recorded, with nothing read of it."""
        at = (source.uri, source.root, source.name, source.size, source.mtime_ns)
        return SourceRow(*at, sha256, self.extractor, state, stamp=stamp)

    def keep(self, source: Source, row: SourceRow) -> None:
        """Note that a source holds what it held; one that no release has yet keeps its state."""
        _, wanted = read_stamp(row.stamp)
        held = self._guard.still_holds(row.name, row.uri, wanted) if wanted else ""
        if row.state == "quarantined" and self.has_document(row.uri):  # it can be read again
            row = replace(row, state="indexed", reason=held)
        has_document = row.state not in WITHOUT_DOCUMENT
        state: State = "unchanged" if row.is_published and has_document else row.state
        change: Change = "new" if has_document and not row.is_published else ""
        self._note(replace(row, name=source.name, state=state, seconds=0.0), change=change)
        root, name, size, mtime_ns = source.root, source.name, source.size, source.mtime_ns
        kept = replace(row, root=root, name=name, size=size, mtime_ns=mtime_ns)
        if kept != self.known[row.uri]:
            self._rows.append(kept)

    def fail(
        self,
        source: Source,
        error: ExtractionFailed,
        readers: tuple[str, ...],
        *,
        stamp: str | None = None,
        sha256: str = "",
    ) -> None:
        """Record that a source was not read; what was had of it stays if that may pass.

        What stays is readable by `readers` at most. Without a `stamp` its side-cars were not seen.
        """
        row = self.known.get(source.uri)
        if isinstance(error, SourceUnreadable):
            if row is not None and self.has_document(row.uri):
                self._stay(row, error, readers, is_sure=stamp is not None)
                return
            source = replace(source, mtime_ns=TRY_AGAIN)
            error = SourceUnreadable(f"{error}{self._say_below(source.uri)}")
        state: State = "skipped" if isinstance(error, SourceSkipped) else "quarantined"
        self.give_up(source, state, reason=str(error), sha256=sha256, stamp=stamp or "")

    def narrow_unseen(self, row: SourceRow, readers: tuple[str, ...]) -> None:
        """Have a document whose folder cannot be listed readable by no more than `readers`."""
        before = self._ledger.readers(row.uri)
        if before is not None and not is_within(before, readers):
            self._stay(row, SourceUnreadable(FOLDER), readers, is_sure=False)

    def _stay(
        self, row: SourceRow, error: ExtractionFailed, readers: tuple[str, ...], *, is_sure: bool
    ) -> None:
        """Keep the last version; not where a side-car that was not seen may keep readers out."""
        stamp, before = row.stamp, self._ledger.readers(row.uri) or ()
        reason = f"{error}; {self._say_version(row.uri)} stays"
        if not is_within(before, readers):
            if not is_sure and SIDE_CAR_MARK in stamp:
                self._dropped.append(row.uri)
                reason = f"{error}; who may read it now is not known"
            else:
                self._guard.narrow(row.uri, readers)
            stamp += NARROWED
        kept = replace(row, state="quarantined", reason=reason, stamp=stamp)
        kept = replace(kept, mtime_ns=TRY_AGAIN, seconds=0.0)
        self._note(kept)
        self._rows.append(kept)

    def _say_below(self, uri: str) -> str:
        """What is known below a folder or in an archive that cannot be read for now."""
        below = sum(each.startswith((f"{uri}/", f"{uri}!/")) for each in self._chunks)
        return f"; what is known below it stays: documents {below}" if below else ""

    def _say_version(self, uri: str) -> str:
        last = self._ledger.history.last_of(uri)
        return f"the version of {last[1][:10]}" if last and last[1] else "the version before"

    def give_up(
        self, source: Source, state: State, *, reason: str, sha256: str = "", stamp: str = ""
    ) -> None:
        """Record a source that gives no document; one that it had goes."""
        row = replace(self.row(source, state, sha256=sha256, stamp=stamp), reason=reason)
        self._note(row, chunks=0)
        self._rows.append(row)
        if self.has_document(source.uri):
            self._dropped.append(source.uri)

    def remove(self, row: SourceRow) -> None:
        """Take out a source that is gone; one of which nothing was in the corpus goes unsaid."""
        self._ledger.remove_source(row.uri)
        if self.has_document(row.uri):
            self.outcomes[row.uri] = Outcome(row.name, "removed", uri=row.uri)

    def forgotten(self, source: Source, reason: str) -> None:
        """Note that a source was forgotten, and is kept out."""
        self.outcomes[source.uri] = Outcome(source.name, "removed", reason, uri=source.uri)

    def record(self, row: SourceRow, *, chunks: int) -> None:
        """Note a source whose document has just been recorded."""
        change: Change = "changed" if self.has_document(row.uri) else "new"
        self._note(row, chunks=chunks, change=change)

    def _note(self, row: SourceRow, *, chunks: int | None = None, change: Change = "") -> None:
        count = self._chunks.get(row.uri, 0) if chunks is None else chunks
        kept = (row.characters, row.pages, row.empty_pages, row.seconds)
        self.outcomes[row.uri] = Outcome(
            row.name, row.state, row.reason, count, *kept, uri=row.uri, change=change
        )

    def flush(self) -> None:
        """Write what was noted; inside a transaction."""
        for row in self._rows:
            self._ledger.put_source(row)
        for uri in self._dropped:
            self._ledger.drop_document(uri)
        self._rows.clear()
        self._dropped.clear()
