"""`add`: bring a corpus to what its sources hold now, and publish that as a release."""

import json
import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from ingest import publishing
from ingest.blobs import BlobStore
from ingest.building import Engines, Recipe, build, hash_content, is_current
from ingest.chunking import CHUNKER
from ingest.embedding import CountingEmbedder, LazyEmbedder, count_missing, embed_missing
from ingest.ledger import Ledger, open_ledger
from ingest.outcomes import Progress, Report, Silence
from ingest.publishing import CorpusFolder
from ingest.reading import Desk, SourceReader, cut_again
from ingest.sources import Scan
from ingest.workers import Limits


@dataclass(frozen=True, slots=True)
class Workshop:
    """The parts that `add` is made with; `load_embedder` is called only if something is new.

    Without a `language` the corpus keeps the one it has, English at first.
    """

    embedder: str
    load_embedder: Callable[[], CountingEmbedder]
    engines: Engines
    verify: Callable[[Path], None] = publishing.verify
    language: str | None = None
    limits: Limits = field(default_factory=Limits)
    progress: Progress = field(default_factory=Silence)


def add(folder: CorpusFolder, scan: Scan, workshop: Workshop) -> Report:
    """Make the corpus hold exactly what the scanned sources hold; other roots' sources stay.

    A run that is killed loses at most one batch of embeddings; the next one goes on from there.
    Raises WriterBusy, SettingsError, StorageError, EmbedderError or ReleaseBroken.
    """
    began = time.monotonic()
    now = now_utc()
    with publishing.writer_lock(folder, now), open_ledger(folder.ledger) as ledger:
        publishing.remove_stale_builds(folder)
        run = ledger.begin_run(now)
        desk = _set_up(folder, ledger, workshop)
        outcomes = SourceReader(desk, now=now).read(scan)
        cut_again(desk)
        embedded = _embed(desk, workshop)
        published = _publish(folder, ledger, workshop)
        report = Report(
            corpus=folder.name,
            release=folder.live(),
            published=published,
            outcomes=tuple(outcomes),
            embedded=embedded,
            chunks=sum(ledger.count_chunks().values()),
            seconds=round(time.monotonic() - began, 3),
        )
        counts = json.dumps(dict(report.counts))
        ledger.end_run(run, finished=now_utc(), release=report.release, counts=counts)
    return report


def now_utc() -> str:
    """The time in UTC as it is recorded everywhere, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _set_up(folder: CorpusFolder, ledger: Ledger, workshop: Workshop) -> Desk:
    return Desk(
        corpus=folder.name,
        ledger=ledger,
        blobs=BlobStore(folder.blobs),
        embedder=LazyEmbedder(workshop.load_embedder),
        chunked_by=f"{CHUNKER} {workshop.embedder}",
        progress=workshop.progress,
        limits=workshop.limits,
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


def _publish(folder: CorpusFolder, ledger: Ledger, workshop: Workshop) -> bool:
    live = folder.manifest(folder.live())
    language = workshop.language or (live.language if live else "english")
    recipe = Recipe(folder.name, language, workshop.embedder, CHUNKER)
    if is_current(live, recipe, hash_content(ledger)):
        ledger.mark_published()
        return False
    if live is None and not ledger.count_chunks():
        return False
    number = max([0, *folder.numbers(), folder.live() or 0]) + 1
    under_way = folder.releases / f".build-{os.getpid()}"
    workshop.progress.advance("publishing", 0, 1)
    try:
        build(ledger, under_way, recipe, number=number, created=now_utc(), engines=workshop.engines)
        workshop.verify(under_way)
        publishing.publish(folder, under_way, number)
    finally:
        shutil.rmtree(under_way, ignore_errors=True)
    ledger.mark_published()
    publishing.remove_old_releases(folder)
    workshop.progress.advance("publishing", 1, 1)
    return True
