"""`add` and `remove`: bring a corpus to what its sources hold, and publish that as a release."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TypeVar

from ingest.clock import now_utc
from ingest.corpus.choosing import tell_embedder
from ingest.corpus.embedding import count_missing, embed_missing
from ingest.corpus.folder import CorpusFolder
from ingest.corpus.naming import current_names, name_documents, source_not_found
from ingest.corpus.setup import OpenCorpus, Setup
from ingest.corpus.widening import Widening
from ingest.releases.admission import set_gate
from ingest.releases.releasing import Released, release
from ingest.runs.outcomes import Outcome, Reading, Report, Unpublished
from ingest.runs.reading import read_sources
from ingest.runs.recording import cut_again
from ingest.runs.shrinking import Shrunk, find_shrunk
from ingest.runs.writing import writing
from ingest.sources.scanning import is_below
from ingest.sources.source import Scan
from rag.errors import StorageError
from rag.releases.folder import tell_search

Named = TypeVar("Named", Outcome, Widening)


def add(folder: CorpusFolder, scan: Scan, setup: Setup) -> Report:
    """Make the corpus hold exactly what the scanned sources hold; other roots' sources stay.

    A run that is killed loses at most one batch of embeddings; the next one goes on from there.
    Raises WriterBusy, SettingsError, StorageError, EmbedderError or ReleaseBroken.
    """
    return _run(folder, setup, lambda corpus: read_sources(corpus, scan))


def remove(folder: CorpusFolder, arguments: Sequence[str], setup: Setup) -> Report:
    """Take the sources given, and all below them, out of the corpus; they may be added again.

    A root among them is taken out with what was said of it. Raises SourceNotFound for one that the
    corpus does not know, and what `add` raises.
    """

    def take_out(corpus: OpenCorpus) -> Reading:
        ledger, history = corpus.ledger, corpus.ledger.history
        known, names = ledger.sources(), current_names(ledger)
        documents = ledger.names()
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

    return _run(folder, setup, take_out)


def rebuild(folder: CorpusFolder, setup: Setup) -> Report:
    """Publish a release made wholly anew from the ledger; embeds only what it lacks."""
    return _run(folder, setup, lambda corpus: Reading(), fresh=True)


def _run(
    folder: CorpusFolder,
    setup: Setup,
    read: Callable[[OpenCorpus], Reading],
    *,
    fresh: bool = False,
) -> Report:
    with writing(folder, setup) as corpus:
        ledger = corpus.ledger
        set_gate(corpus)
        run = ledger.begin_run(now_utc())
        with corpus.watch.timing("reading"):
            reading = _name(read(corpus), name_documents(ledger))
            embedder = tell_embedder(corpus, reading.changed)
            cut_again(corpus)
        with corpus.watch.timing("embedding"):
            embedded = _embed(corpus)
        report = Report(
            corpus=folder.name,
            release=None,
            published=False,
            reading=reading,
            shrunk=_find_shrunk(corpus, reading),
            embedder=embedder,
            embedded=embedded,
            chunks=sum(ledger.count_chunks().values()),
            seconds=0.0,
        )
        try:
            released = Released()
            if not report.shrunk:
                released = release(corpus, fresh=fresh)
        except StorageError as error:
            raise Unpublished(str(error), _close(report, corpus, Released())) from error
        report = _close(report, corpus, released)
        counts = json.dumps(dict(report.counts))
        ledger.end_run(run, finished=now_utc(), release=report.release, counts=counts)
    return report


def _find_shrunk(corpus: OpenCorpus, reading: Reading) -> tuple[Shrunk, ...]:
    """The roots of which too much would be gone, where that is not wanted; a hold comes first."""
    setup = corpus.setup
    is_held = corpus.folder.hold() and not (setup.resume or setup.build)
    if setup.allow_shrink or is_held:
        return ()
    return find_shrunk(corpus.folder, corpus.ledger, taken_out=reading.taken_out)


def _close(report: Report, corpus: OpenCorpus, released: Released) -> Report:
    """The report with what became of the corpus' releases."""
    live = corpus.folder.live()
    manifest = corpus.folder.manifest(live)
    return replace(
        report,
        release=live,
        published=released.published,
        built=released.built,
        held=str(released.hold or ""),
        gate=released.gate,
        search=tell_search(manifest) if manifest else "",
        seconds=corpus.watch.total(),
        timings=corpus.watch.stages(),
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


def _embed(corpus: OpenCorpus) -> int:
    total = count_missing(corpus.ledger, corpus.setup.embedder.fingerprint)
    if not total:
        return 0

    def tell(done: int) -> None:
        corpus.setup.progress("embedding", done, total)

    return embed_missing(corpus.ledger, corpus.embedder.get(), tell)
