"""What a run is set up with, and a corpus opened by it: what every step of a command works on."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ingest.clock import Stopwatch
from ingest.corpus.blobs import BlobStore
from ingest.corpus.embedding import LazyEmbedder
from ingest.corpus.folder import CorpusFolder
from ingest.corpus.ledger import Ledger
from ingest.gate import Gating
from ingest.limits import Limits
from ingest.text.chunking import CHUNKER
from rag.ports import CountingEmbedder, LexicalIndexBuilder, VectorIndexBuilder
from rag.releases.folder import GraphQuality, improve_graph, probe

KEPT_RELEASES = 3  # the live one and two to go back to
EXACT_UP_TO = 20_000  # chunks, among which comparing all is quicker than going by a graph


class ImproveGraph(Protocol):
    """Repairs and measures the graph of a release under way."""

    def __call__(self, release: Path, *, is_copy: bool) -> GraphQuality:
        """What it finds then. Raises ReleaseBroken where it cannot be opened."""
        ...


Progress = Callable[[str, int, int], None]
"""Is told that so many of all steps of a stage are behind us; all may grow meanwhile."""


@dataclass(frozen=True, slots=True)
class ChosenEmbedder:
    """An embedder that is not loaded yet, which happens only if something is new.

    Questions load it again by its `name`; `reason` says why it was chosen. `advised` is one that
    reads all languages, where this one reads English alone and nobody has set it.
    """

    fingerprint: str
    load: Callable[[], CountingEmbedder]
    name: str = ""
    reason: str = ""
    advised: str = ""


@dataclass(frozen=True, slots=True)
class Setup:
    """The engines that make releases, and how a command was asked to go about it.

    `engines` names them, with their versions, before they are loaded. `calibrate` writes into a
    release what it learns from it with the embedder, if anything. Releases of up to `exact_up_to`
    chunks are searched exactly, larger ones by the graph that `improve_graph` repairs and measures.

    Without a `language` the corpus keeps the one it has, at first that of its texts. With
    `checksum` every file is read again and compared, whatever its size and time say. `ocr` names
    the languages in which pictures of text are read. `resume` ends a hold, `build` makes a release
    that waits for `publish`. `widen` lets documents be readable by more than before, and
    `allow_shrink` lets much of a root be gone from the next release. `gating` is what a release
    must pass to go live.
    """

    embedder: ChosenEmbedder
    engines: str
    load_engines: Callable[[], tuple[VectorIndexBuilder, LexicalIndexBuilder]]
    verify: Callable[[Path], None] = probe
    calibrate: Callable[[Path, CountingEmbedder], None] | None = None
    improve_graph: ImproveGraph = improve_graph
    exact_up_to: int = EXACT_UP_TO
    language: str | None = None
    limits: Limits = field(default_factory=Limits)
    progress: Progress = lambda stage, done, total: None
    checksum: bool = False
    ocr: str = ""
    keep: int = KEPT_RELEASES
    resume: bool = False
    build: bool = False
    widen: bool = False
    allow_shrink: bool = False
    gating: Gating = field(default_factory=Gating)


class OpenCorpus:
    """A corpus in the hands of its one writer, whose `watch` times what is done with it."""

    def __init__(
        self, folder: CorpusFolder, ledger: Ledger, setup: Setup, watch: Stopwatch
    ) -> None:
        self.folder = folder
        self.ledger = ledger
        self.setup = setup
        self.watch = watch
        self.blobs = BlobStore(folder.blobs, most_bytes=setup.limits.source_bytes)
        self.embedder = LazyEmbedder(setup.embedder.load)

    @property
    def chunked_by(self) -> str:
        """What the cutting of a text depends on: the chunker, and whose window has to hold it."""
        return f"{CHUNKER} {self.setup.embedder.fingerprint}"
