"""The one writer of a corpus: its ledger, with what writers before it left half done put right."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.clock import now_utc
from ingest.corpus.blobs import BlobStore
from ingest.corpus.embedding import LazyEmbedder
from ingest.corpus.ledger import Ledger, open_ledger
from ingest.releases import erasure, publishing
from ingest.releases.copies import drop_unused
from ingest.releases.erasure import Receipt
from ingest.releases.publishing import CorpusFolder
from ingest.releases.releasing import release_without
from ingest.releases.workshop import Workshop

log = logging.getLogger(__name__)


@contextmanager
def writing(folder: CorpusFolder, workshop: Workshop) -> Iterator[Ledger]:
    """The ledger of a corpus, for its one writer; an erasure that was cut short is finished first.

    Raises WriterBusy, SettingsError, StorageError, and what making a release raises.
    """
    with publishing.writer_lock(folder, now_utc()), open_ledger(folder.ledger) as ledger:
        publishing.remove_stale_builds(folder)
        BlobStore(folder.blobs).remove_partial()
        if ledger.has_died():  # originals that it stored and never recorded
            drop_unused(folder, ledger)
        for receipt in finish_erasures(folder, ledger, workshop):
            log.warning("%s", _tell(receipt))
        yield ledger


def _tell(receipt: Receipt) -> str:
    """What became of an erasure that an earlier command had begun."""
    what = f"the erasure begun at {receipt.begun}"
    if receipt.residue:
        return f"{what} is not finished, some of it is still in {', '.join(receipt.residue)}"
    return f"{what} is finished now: `receipts {receipt.id}`"


def finish_erasures(folder: CorpusFolder, ledger: Ledger, workshop: Workshop) -> list[Receipt]:
    """Bring erasures that have begun to their end; their receipts."""

    def publish(documents: set[str]) -> None:
        embedder = LazyEmbedder(workshop.load_embedder)
        release_without(folder, ledger, workshop, documents, embedder=embedder)

    return erasure.finish(folder, ledger, publish)
