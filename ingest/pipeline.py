"""`add` and `remove`: bring a corpus to what its sources hold, and publish that as a release."""

import json
import os
from collections.abc import Callable, Sequence
from dataclasses import replace

from ingest.blobs import BlobStore
from ingest.chunking import CHUNKER
from ingest.clock import Stopwatch, now_utc
from ingest.embedding import LazyEmbedder, count_missing, embed_missing
from ingest.ledger import Ledger
from ingest.outcomes import Outcome, Report, Unpublished
from ingest.publishing import CorpusFolder
from ingest.reading import Desk, SourceReader, cut_again
from ingest.releasing import Released, release
from ingest.sources import Scan, is_below
from ingest.workshop import Workshop
from ingest.writing import writing
from rag.errors import SourceNotFound, StorageError
from rag.releases import tell_search


def add(folder: CorpusFolder, scan: Scan, workshop: Workshop) -> Report:
    """Make the corpus hold exactly what the scanned sources hold; other roots' sources stay.

    A run that is killed loses at most one batch of embeddings; the next one goes on from there.
    Raises WriterBusy, SettingsError, StorageError, EmbedderError or ReleaseBroken.
    """
    return _run(folder, workshop, lambda desk: SourceReader(desk).read(scan))


def remove(folder: CorpusFolder, arguments: Sequence[str], workshop: Workshop) -> Report:
    """Take the sources given, and all below them, out of the corpus; they may be added again.

    Raises SourceNotFound for one that the corpus does not know, and what `add` raises.
    """

    def take_out(desk: Desk) -> list[Outcome]:
        known = desk.ledger.sources()
        outcomes = []
        with desk.ledger.transaction():
            for argument in arguments:
                rows = [row for row in known.values() if is_below(argument, row.uri, row.root)]
                if not rows:
                    raise SourceNotFound(f"corpus {folder.name!r} knows no source {argument!r}")
                for row in rows:
                    desk.ledger.remove_source(row.uri)
                    outcomes.append(Outcome(row.name, "removed"))
        return outcomes

    return _run(folder, workshop, take_out)


def rebuild(folder: CorpusFolder, workshop: Workshop) -> Report:
    """Publish a release made wholly anew from the ledger; embeds only what it lacks."""
    return _run(folder, workshop, lambda desk: [], fresh=True)


def _run(
    folder: CorpusFolder,
    workshop: Workshop,
    read: Callable[[Desk], list[Outcome]],
    *,
    fresh: bool = False,
) -> Report:
    watch = Stopwatch()
    with writing(folder, workshop) as ledger:
        run = ledger.begin_run(now_utc())
        desk = set_up(folder, ledger, workshop)
        with watch.timing("reading"):
            outcomes = read(desk)
            cut_again(desk)
        with watch.timing("embedding"):
            embedded = _embed(desk, workshop)
        report = Report(
            corpus=folder.name,
            release=None,
            published=False,
            outcomes=tuple(outcomes),
            embedded=embedded,
            chunks=sum(ledger.count_chunks().values()),
            seconds=0.0,
        )
        try:
            released = release(
                folder, ledger, workshop, embedder=desk.embedder, fresh=fresh, watch=watch
            )
        except StorageError as error:
            raise Unpublished(str(error), _close(report, folder, watch, Released())) from error
        report = _close(report, folder, watch, released)
        counts = json.dumps(dict(report.counts))
        ledger.end_run(run, finished=now_utc(), release=report.release, counts=counts)
    return report


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


def set_up(folder: CorpusFolder, ledger: Ledger, workshop: Workshop) -> Desk:
    """What reading and cutting work with."""
    return Desk(
        corpus=folder.name,
        ledger=ledger,
        blobs=BlobStore(folder.blobs),
        embedder=LazyEmbedder(workshop.load_embedder),
        chunked_by=f"{CHUNKER} {workshop.embedder}",
        progress=workshop.progress,
        limits=workshop.limits,
        scratch=folder.path / f".unpacked-{os.getpid()}",
        checksum=workshop.checksum,
        ocr=workshop.ocr,
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
