"""What reading the sources of one run works with."""

from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

from ingest.corpus.blobs import BlobStore
from ingest.corpus.embedding import LazyEmbedder
from ingest.corpus.ledger import Ledger
from ingest.formats.table import EXTRACTOR
from ingest.limits import Limits
from ingest.runs.outcomes import Progress


def extractor_fingerprint(ocr: str) -> str:
    """What a document's text depends on besides its bytes."""
    name = f"{EXTRACTOR}/kreuzberg-{version('kreuzberg')}"
    return f"{name}/ocr-{ocr}" if ocr else name


@dataclass(frozen=True, slots=True)
class Desk:
    """The parts of a run, and how it was asked to be: `chunked_by` names chunker and embedder."""

    corpus: str
    ledger: Ledger
    blobs: BlobStore
    embedder: LazyEmbedder
    chunked_by: str
    progress: Progress
    limits: Limits
    scratch: Path
    checksum: bool = False
    ocr: str = ""
    widen: bool = False
