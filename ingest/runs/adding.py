"""`add` and `remove`: bring a corpus to what its sources hold, and publish that as a release."""

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from ingest.clock import Stopwatch, now_utc
from ingest.corpus.blobs import BlobStore
from ingest.corpus.embedding import LazyEmbedder, count_missing, embed_missing
from ingest.corpus.ledger import Ledger
from ingest.corpus.naming import current_names, name_documents, source_not_found
from ingest.corpus.widening import Widening
from ingest.releases.publishing import CorpusFolder
from ingest.releases.releasing import Released, release
from ingest.releases.workshop import Workshop
from ingest.runs.desk import Desk
from ingest.runs.outcomes import Outcome, Reading, Report, Unpublished
from ingest.runs.reading import SourceReader, cut_again
from ingest.runs.shrinking import Shrunk, find_shrunk
from ingest.runs.writing import writing
from ingest.sources.scanning import Scan, is_below
from ingest.text.chunking import CHUNKER
from rag.errors import StorageError
from rag.releases.folder import tell_search

Named = TypeVar("Named", Outcome, Widening)


def add(folder: CorpusFolder, scan: Scan, workshop: Workshop) -> Report:
    """Make the corpus hold exactly what the scanned sources hold; other roots' sources stay.

    A run that is killed loses at most one batch of embeddings; the next one goes on from there.
    Raises WriterBusy, SettingsError, StorageError, EmbedderError or ReleaseBroken.
    """
    return _run(folder, workshop, lambda desk: SourceReader(desk).read(scan))


def remove(folder: CorpusFolder, arguments: Sequence[str], workshop: Workshop) -> Report:
    """Take the sources given, and all below them, out of the corpus; they may be added again.

    A root among them is taken out with what was said of it. Raises SourceNotFound for one that the
    corpus does not know, and what `add` raises.
    """

    def take_out(desk: Desk) -> Reading:
        ledger, history = desk.ledger, desk.ledger.history
        known, names = ledger.sources(), current_names(ledger)
        documents = ledger.catalogue.names()
        outcomes: dict[str, Outcome] = {}
        with ledger.transaction():
            for argument in arguments:
                rows = [row for row in known.values() if is_below(argument, row.uri, row.root)]
                roots = [root.uri for root in history.roots() if is_below(argument, root.uri, "")]
                if not rows and not roots:
                    raise source_not_found(folder.name, argument, names.values())
                for root in roots:
                    history.drop_root(root)
                for row in rows:
                    ledger.remove_source(row.uri)
                    if row.uri in documents:
                        outcomes[row.uri] = Outcome(names[row.uri], "removed", uri=row.uri)
            ledger.drop_empty_archives()
        found = tuple(outcomes[uri] for uri in sorted(outcomes))
        return Reading(found, taken_out=frozenset(outcomes))

    return _run(folder, workshop, take_out)


def rebuild(folder: CorpusFolder, workshop: Workshop) -> Report:
    """Publish a release made wholly anew from the ledger; embeds only what it lacks."""
    return _run(folder, workshop, lambda desk: Reading(), fresh=True)


def _run(
    folder: CorpusFolder,
    workshop: Workshop,
    read: Callable[[Desk], Reading],
    *,
    fresh: bool = False,
) -> Report:
    watch = Stopwatch()
    with writing(folder, workshop) as ledger:
        run = ledger.begin_run(now_utc())
        desk = set_up(folder, ledger, workshop)
        with watch.timing("reading"):
            reading = read(desk)
            reading = _name(reading, name_documents(ledger))
            cut_again(desk)
        with watch.timing("embedding"):
            embedded = _embed(desk, workshop)
        report = Report(
            corpus=folder.name,
            release=None,
            published=False,
            reading=reading,
            shrunk=_find_shrunk(folder, ledger, workshop, reading),
            embedded=embedded,
            chunks=sum(ledger.count_chunks().values()),
            seconds=0.0,
        )
        try:
            released = Released()
            if not report.shrunk:
                released = release(
                    folder, ledger, workshop, embedder=desk.embedder, fresh=fresh, watch=watch
                )
        except StorageError as error:
            raise Unpublished(str(error), _close(report, folder, watch, Released())) from error
        report = _close(report, folder, watch, released)
        counts = json.dumps(dict(report.counts))
        ledger.end_run(run, finished=now_utc(), release=report.release, counts=counts)
    return report


def _find_shrunk(
    folder: CorpusFolder, ledger: Ledger, workshop: Workshop, reading: Reading
) -> tuple[Shrunk, ...]:
    """The roots of which too much would be gone, where that is not wanted; a hold comes first."""
    is_held = folder.hold() and not (workshop.resume or workshop.build)
    if workshop.allow_shrink or is_held:
        return ()
    return find_shrunk(folder, ledger, taken_out=reading.taken_out)


def _close(report: Report, folder: CorpusFolder, watch: Stopwatch, released: Released) -> Report:
    """The report with what became of the corpus' releases."""
    live = folder.live()
    manifest = folder.manifest(live)
    return replace(
        report,
        release=live,
        published=released.published,
        built=released.built,
        held=str(released.hold or ""),
        search=tell_search(manifest) if manifest else "",
        seconds=watch.total(),
        timings=watch.stages(),
    )


def _name(reading: Reading, names: Mapping[str, str]) -> Reading:
    """The outcomes of a run under the names that their sources have after it."""

    def renamed(each: Named) -> Named:
        name = names.get(each.uri, each.source)
        return each if name == each.source else replace(each, source=name)

    return replace(
        reading,
        outcomes=tuple(map(renamed, reading.outcomes)),
        held=tuple(map(renamed, reading.held)),
        widened=tuple(map(renamed, reading.widened)),
    )


def set_up(folder: CorpusFolder, ledger: Ledger, workshop: Workshop) -> Desk:
    """What reading and cutting work with."""
    return Desk(
        corpus=folder.name,
        ledger=ledger,
        blobs=BlobStore(folder.blobs, most_bytes=workshop.limits.source_bytes),
        embedder=LazyEmbedder(workshop.load_embedder),
        chunked_by=f"{CHUNKER} {workshop.embedder}",
        progress=workshop.progress,
        limits=workshop.limits,
        scratch=folder.path / f".unpacked-{os.getpid()}",
        checksum=workshop.checksum,
        ocr=workshop.ocr,
        widen=workshop.widen,
    )


def _embed(desk: Desk, workshop: Workshop) -> int:
    total = count_missing(desk.ledger, workshop.embedder)
    if not total:
        return 0
    done = 0

    def advance(texts: int) -> None:
        nonlocal done
        done += texts
        desk.progress.advance("embedding", done, total)

    return embed_missing(desk.ledger, desk.embedder.get(), advance)
