"""The one writer of a corpus, by whom what writers before it left half done is put right."""

import logging
from collections.abc import Iterator
from contextlib import contextmanager

from ingest.clock import Stopwatch, now_utc
from ingest.corpus.folder import CorpusFolder, remove_stale_builds, writer_lock
from ingest.corpus.opening import open_ledger
from ingest.corpus.setup import OpenCorpus, Setup
from ingest.releases import erasure
from ingest.releases.copies import drop_unused
from ingest.releases.erasure import Receipt

log = logging.getLogger(__name__)


@contextmanager
def writing(folder: CorpusFolder, setup: Setup) -> Iterator[OpenCorpus]:
    """A corpus for its one writer; an erasure that was cut short is finished first.

    Raises WriterBusy, SettingsError, StorageError, and what making a release raises.
    """
    watch = Stopwatch()
    with writer_lock(folder, now_utc()), open_ledger(folder.ledger) as ledger:
        corpus = OpenCorpus(folder, ledger, setup, watch)
        remove_stale_builds(folder)
        corpus.blobs.remove_partial()
        if ledger.has_died():  # originals that it stored and never recorded
            drop_unused(folder, ledger)
        for receipt in erasure.finish(corpus):
            log.warning("%s", _tell(receipt))
        yield corpus


def _tell(receipt: Receipt) -> str:
    """What became of an erasure that an earlier command had begun."""
    what = f"the erasure begun at {receipt.begun}"
    if receipt.residue:
        return f"{what} is not finished, some of it is still in {', '.join(receipt.residue)}"
    return f"{what} is finished now: `receipts {receipt.id}`"
