"""Corpora in temporary folders, made with the in-memory embedder and indexes."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

from ingest.corpus.folder import CorpusFolder
from ingest.corpus.setup import EXACT_UP_TO, ChosenEmbedder, ImproveGraph, Setup
from ingest.limits import Limits
from ingest.runs.adding import add, rebuild
from ingest.runs.outcomes import Report
from ingest.sources.labels import parse_labels
from ingest.sources.scanning import scan
from ingest.sources.source import ScanOptions
from rag import repair
from rag.adapters.memory.release import (
    HashingEmbedder,
    MemoryLexicalIndexBuilder,
    MemoryVectorIndexBuilder,
)
from rag.ports import Embedder, LexicalIndexBuilder, VectorIndexBuilder, Vectors
from rag.releases.folder import GraphQuality

FAST = Limits(wall_s=20.0, cpu_s=20)


class CountingEmbedder(HashingEmbedder):
    """Remembers what it was asked to embed, and can be made to die after some batches."""

    def __init__(self, *, dies_after: int | None = None) -> None:
        super().__init__()
        self.embedded: list[str] = []
        self.batches = 0
        self._dies_after = dies_after

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """As the hashing embedder."""
        if self.batches == self._dies_after:
            raise Killed
        self.batches += 1
        self.embedded += texts
        return super().embed_documents(texts)


class Killed(BaseException):
    """Stands for the end of the process in the middle of its work."""


def memory_engines() -> tuple[VectorIndexBuilder, LexicalIndexBuilder]:
    """Writers of in-memory indexes."""
    return MemoryVectorIndexBuilder(), MemoryLexicalIndexBuilder()


def improve_here(release: Path, *, is_copy: bool) -> GraphQuality:
    """As `improve_graph`, without a process of its own, whose start takes longer than its work."""
    return repair.improve(release, repair.MOST_TRIED_OF_COPIES if is_copy else repair.MOST_TRIED)


class SmallCorpus:
    """A folder of sources and the corpus that is made from it."""

    def __init__(self, root: Path) -> None:
        self.sources = root / "docs"
        self.sources.mkdir()
        self.folder = CorpusFolder(root / "data" / "corpora" / "small")
        self.embedder = CountingEmbedder()
        self.loads = 0
        self.verify: Callable[[Path], None] = lambda release: None
        self.engines = memory_engines
        self.engine_names = "memory-1"
        self.calibrate: Callable[[Path, Embedder], None] | None = None
        self.exact_up_to = EXACT_UP_TO
        self.improve_graph: ImproveGraph = improve_here

    def write(self, name: str, content: str | bytes) -> Path:
        """Write one source."""
        path = self.sources / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        return path

    def add(self, *arguments: Path | str, limits: Limits = FAST, **flags: bool) -> Report:
        """Bring the corpus to what its folder, or the given sources, hold."""
        return self.add_as("", *arguments, limits=limits, **flags)

    def add_as(
        self, acl: str, *arguments: Path | str, limits: Limits = FAST, **flags: bool
    ) -> Report:
        """The same, with an `--acl` if that is not empty; `flags` are those of the setup."""
        options = ScanOptions(labels=parse_labels([], [acl] if acl else [], []))
        scanned = scan([str(each) for each in arguments or [self.sources]], options)
        return add(self.folder, scanned, self.setup(limits=limits, **flags))

    def rebuild(self) -> Report:
        """Make a release anew from the ledger."""
        return rebuild(self.folder, self.setup())

    def setup(self, *, limits: Limits = FAST, **flags: bool) -> Setup:
        """The parts that the corpus is made with."""
        self.embedder.embedded.clear()
        made = Setup(
            embedder=ChosenEmbedder(self.embedder.fingerprint, self._load),
            engines=self.engine_names,
            load_engines=self.engines,
            verify=self.verify,
            calibrate=self.calibrate,
            limits=limits,
            exact_up_to=self.exact_up_to,
            improve_graph=self.improve_graph,
        )
        return replace(made, **flags)  # type: ignore[arg-type]  # fields of a setup, by name

    def _load(self) -> CountingEmbedder:
        self.loads += 1
        return self.embedder

    def states(self, report: Report) -> dict[str, str]:
        """The state of each source by its name."""
        return {outcome.source: outcome.state for outcome in report.outcomes}

    def reasons(self, report: Report) -> dict[str, str]:
        """The reason of each source by its name."""
        return {outcome.source: outcome.reason for outcome in report.outcomes}
