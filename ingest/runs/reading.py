"""Bringing the ledger to what the sources hold: compared, read where they changed, recorded."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from itertools import islice

from ingest.corpus.setup import OpenCorpus
from ingest.corpus.widening import AccessGuard
from ingest.runs.comparing import Comparison, extractor_fingerprint
from ingest.runs.expanding import ArchiveExpander
from ingest.runs.outcomes import Reading
from ingest.runs.recording import Recorder, Taken
from ingest.runs.settling import Settlement
from ingest.sandbox.workers import ExtractionPool, Job, count_workers
from ingest.sources.labels import read_labels
from ingest.sources.source import Scan, Source
from rag.errors import ExtractionFailed

TRANSACTION_DOCUMENTS = 32  # chosen: a kill loses as many readings; each costs one sync less


def read_sources(corpus: OpenCorpus, scan: Scan) -> Reading:
    """Record what changed since the last run; each source ends with one outcome, in order."""
    ledger = corpus.ledger
    guard = AccessGuard(ledger, may_widen=corpus.setup.widen)
    settlement = Settlement(ledger, guard, extractor_fingerprint(corpus.setup.ocr))
    comparison = Comparison(corpus, settlement)
    scan = comparison.take_in(scan)
    expander = ArchiveExpander(corpus, comparison)
    try:
        scan = replace(scan, sources=expander.expand(scan.sources))
        changed = comparison.find_changed(scan)
        if changed:
            reader = _Reader(corpus, comparison, settlement)
            reader.read(changed, Recorder(corpus, settlement, guard))
    finally:
        expander.clear()
    with ledger.transaction():
        settlement.flush()
        for uri, seen in expander.seen.items():
            ledger.put_archive(uri, seen)
        ledger.drop_empty_archives()
    outcomes = settlement.outcomes
    return Reading(
        tuple(outcomes[uri] for uri in sorted(outcomes)),
        held=tuple(guard.held),
        widened=tuple(guard.widened),
        hidden=scan.hidden,
    )


class _Reader:
    """Has the workers read sources, whose bytes are stored first."""

    def __init__(self, corpus: OpenCorpus, comparison: Comparison, settlement: Settlement) -> None:
        self._corpus = corpus
        self._comparison = comparison
        self._settlement = settlement
        self._taken: dict[str, Taken] = {}

    def read(self, changed: Sequence[Source], recorder: Recorder) -> None:
        setup = self._corpus.setup
        done = 0
        with ExtractionPool(count_workers(len(changed)), setup.limits) as pool:
            results = pool.run(self._jobs(changed, recorder))
            while batch := list(islice(results, TRANSACTION_DOCUMENTS)):
                recorder.record([(self._taken.pop(job.key), result) for job, result in batch])
                done += len(batch)
                setup.progress("reading", done, len(changed))

    def _jobs(self, changed: Iterable[Source], recorder: Recorder) -> Iterator[Job]:
        for source in changed:
            labels, stamp = self._comparison.labels(source), self._comparison.stamp(source)
            try:
                labels = read_labels(labels, source.side_cars)
                blob = self._corpus.blobs.store(source)
            except ExtractionFailed as error:
                self._settlement.fail(source, error, labels.access, stamp=stamp)
                continue
            source = replace(source, size=blob.size, mtime_ns=blob.mtime_ns)
            if self._comparison.is_settled_by_content(source, blob, stamp, labels):
                recorder.discard([blob])
                continue
            self._corpus.embedder.start()
            self._taken[source.uri] = Taken(source, blob, labels, stamp)
            yield Job(source.uri, blob.path, source.name, blob.size, self._corpus.setup.ocr)
