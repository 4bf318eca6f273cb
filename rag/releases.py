"""Releases on disk as the question side sees them: found by number, opened, held while in use."""

import json
import subprocess
import sys
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol, Self

from rag.domain import (
    CORPUS_NAME,
    Chunk,
    DocumentRef,
    Manifest,
    check_corpus_name,
    release_folder_name,
)
from rag.errors import CorpusNotFound, ReleaseBroken, ReleaseNotFound
from rag.filters import Condition
from rag.ports import DocumentStore, LexicalIndex, Subset, VectorIndex, VectorRows

PROBE_S = 900
LEAST_RECALL = 0.99
MOST_LOST = 0.002
CALIBRATION = "calibration.json"


class ReleaseDocuments(DocumentStore, Protocol):
    """A document store that can also list what it holds and be closed."""

    def references(self) -> list[DocumentRef]:
        """All documents, in order of their source."""
        ...

    def sample(self, count: int) -> list[Chunk]:
        """At most `count` chunks from all over the release, the same each time."""
        ...

    def chunk_ids(self, document_id: str) -> list[str]:
        """The chunks of a document, in order."""
        ...

    def as_read_by(self, readers: Set[str]) -> Self:
        """The same store, in which there is only what one of `readers` may read."""
        ...

    def subset(self, conditions: Sequence[Condition]) -> Subset | None:
        """The documents shown that meet all `conditions`, None where these are all there are.

        Raises InvalidFilter for a field that they lack or that holds other kinds of values.
        """
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


@dataclass(frozen=True, slots=True)
class OpenRelease:
    """One release, opened: everything that retrieval needs of it.

    Questions below the confidence `threshold` are not answered from it.
    `alarm` says what an operator must know of a release that serves in spite of some damage.
    """

    manifest: Manifest
    vectors: VectorIndex
    vector_rows: VectorRows
    lexical: LexicalIndex
    documents: ReleaseDocuments
    threshold: float = 0.0
    alarm: str = ""

    def as_read_by(self, readers: Set[str]) -> "OpenRelease":
        """The same release, in which there is only what one of `readers` may read."""
        return replace(self, documents=self.documents.as_read_by(readers))

    def close(self) -> None:
        """Let go of all files."""
        self.vectors.close()
        self.vector_rows.close()
        self.documents.close()


def corpus_folder(data: Path, name: str) -> Path:
    """Folder of a corpus below the data folder. Raises InvalidCorpusName."""
    return data / "corpora" / check_corpus_name(name)


def corpus_names(data: Path) -> list[str]:
    """Names of all corpora that have a release; other folders are passed over."""
    folders = (path.parent.parent for path in (data / "corpora").glob("*/releases/[0-9]*"))
    return sorted({folder.name for folder in folders if CORPUS_NAME.fullmatch(folder.name)})


def live_number(folder: Path) -> int | None:
    """The number in a corpus folder's LIVE, None when there is none or it is not a number."""
    try:
        return int((folder / "LIVE").read_text())
    except (OSError, ValueError):
        return None


def release_numbers(folder: Path) -> list[int]:
    """Numbers of the releases in a corpus folder, ascending."""
    names = (path.name for path in (folder / "releases").glob("[0-9]*"))
    return sorted(int(name) for name in names if name.isdigit())


def serving_order(folder: Path) -> list[int]:
    """The live release's number, then those to fall back to: earlier ones, then later ones."""
    live = live_number(folder)
    numbers = release_numbers(folder)
    if live is None:
        return numbers[::-1]
    earlier = [number for number in numbers if number < live]
    return [live, *earlier[::-1], *(number for number in numbers if number > live)]


def corpus_not_found(name: str) -> CorpusNotFound:
    """The error for a corpus without a live release, with the command that makes one."""
    return CorpusNotFound(
        f"no corpus {name[:80]!r}: create it with `python -m ingest add SOURCE --corpus NAME`"
    )


def release_folder(data: Path, name: str, number: int | None = None) -> Path:
    """Folder of release `number`, or of the first that may serve.

    Raises CorpusNotFound, ReleaseNotFound.
    """
    corpus = corpus_folder(data, name)
    wanted = serving_order(corpus)[:1] if number is None else [number]
    if not wanted:
        raise corpus_not_found(name)
    folder = corpus / "releases" / release_folder_name(wanted[0])
    if not (folder / "manifest.json").is_file():
        raise ReleaseNotFound(f"corpus {name!r} has no release {wanted[0]}")
    return folder


def tell_search(manifest: Manifest) -> str:
    """In words how the vectors of a release are searched, and why so."""
    if manifest.graph_recall is None:
        return "exactly" if manifest.search == "exact" else "by its graph"
    loses = f"loses {manifest.graph_lost} of {manifest.graph_tried:,} vectors tried"
    measured = f"recall {manifest.graph_recall:.3f}, {loses}"
    if manifest.search == "exact":
        return f"exactly, since its graph finds too little ({measured})"
    return f"by its graph ({measured})"


@dataclass(frozen=True, slots=True)
class GraphQuality:
    """What a vector index finds: of the ten nearest, and of vectors searched for by themselves."""

    recall: float
    lost: int
    tried: int

    @property
    def is_good(self) -> bool:
        """Whether questions may go by it."""
        return self.recall >= LEAST_RECALL and self.lost <= MOST_LOST * self.tried


def improve_graph(release: Path, *, is_copy: bool) -> GraphQuality:
    """Repair and measure the vector index of an unsealed release, in a process of its own.

    Of a changed copy a sample, and what is new. Raises ReleaseBroken.
    """
    return GraphQuality(**json.loads(_run("rag.graphs", release, *(["--copy"] * is_copy))))


def probe(release: Path, *, thorough: bool) -> None:
    """Open and try a release in a process of its own, which it may crash. Raises ReleaseBroken."""
    _run("rag.probe", release, *(["--thorough"] if thorough else []))


def _run(module: str, release: Path, *options: str) -> str:
    command = [sys.executable, "-m", module, str(release.resolve()), *options]
    root = Path(__file__).parent.parent
    try:
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=PROBE_S)
    except subprocess.TimeoutExpired as error:
        raise ReleaseBroken(f"{release} was not verified within {PROBE_S} s") from error
    if done.returncode:
        said = done.stderr.strip().splitlines()
        reason = said[-1] if said else f"exit code {done.returncode}"
        raise ReleaseBroken(f"{release} failed its verification: {reason}")
    return done.stdout
