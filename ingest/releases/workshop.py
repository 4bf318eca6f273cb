"""The parts that a corpus is made with."""

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from ingest.limits import Limits
from ingest.releases import publishing
from ingest.releases.building import Engines
from ingest.runs.outcomes import Progress, Silence
from rag.ports import CountingEmbedder
from rag.releases.folder import GraphQuality, improve_graph


class ImproveGraph(Protocol):
    """Repairs and measures the graph of a release under way."""

    def __call__(self, release: Path, *, is_copy: bool) -> GraphQuality:
        """What it finds then. Raises ReleaseBroken where it cannot be opened."""
        ...


EXACT_UP_TO = 20_000  # chunks, among which comparing all is quicker than going by a graph


@dataclass(frozen=True, slots=True)
class Workshop:
    """What makes releases: `load_embedder` and `load_engines` are called only if something is new.

    `embedder` and `engines` name them, with their versions, before they are loaded; questions
    load the embedder again by its `embedder_name`.

    `calibrate` writes into a release what it learns from it with the embedder, if anything.
    Without a `language` the corpus keeps the one it has, at first that of its texts. With
    `checksum` every file is read again and compared, whatever its size and time say. `ocr` names
    the languages in which pictures of text are read. `resume` ends a hold, `build` makes a release
    that waits for `publish`. `widen` lets documents be readable by more than before, and
    `allow_shrink` lets much of a root be gone from the next release. Releases of up to
    `exact_up_to` chunks are searched exactly, larger ones by the graph that `improve_graph` repairs
    and measures.
    """

    embedder: str
    load_embedder: Callable[[], CountingEmbedder]
    engines: str
    load_engines: Callable[[], Engines]
    verify: Callable[[Path], None] = publishing.verify
    calibrate: Callable[[Path, CountingEmbedder], None] | None = None
    language: str | None = None
    limits: Limits = field(default_factory=Limits)
    progress: Progress = field(default_factory=Silence)
    checksum: bool = False
    ocr: str = ""
    embedder_name: str = ""
    keep: int = publishing.KEPT_RELEASES
    resume: bool = False
    build: bool = False
    widen: bool = False
    allow_shrink: bool = False
    improve_graph: ImproveGraph = improve_graph
    exact_up_to: int = EXACT_UP_TO
