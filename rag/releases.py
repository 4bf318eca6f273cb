"""Releases on disk as the question side sees them: found by number, opened, held while in use."""

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from rag.domain import CORPUS_NAME, DocumentRef, Manifest, check_corpus_name, release_folder_name
from rag.errors import CorpusNotFound, ReleaseNotFound
from rag.ports import DocumentStore, LexicalIndex, VectorIndex


class ReleaseDocuments(DocumentStore, Protocol):
    """A document store that can also list what it holds and be closed."""

    def references(self) -> list[DocumentRef]:
        """All documents, in order of their source."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


@dataclass(frozen=True, slots=True)
class OpenRelease:
    """One release, opened: everything that retrieval needs of it."""

    manifest: Manifest
    vectors: VectorIndex
    lexical: LexicalIndex
    documents: ReleaseDocuments

    def close(self) -> None:
        """Let go of all files."""
        self.vectors.close()
        self.documents.close()


def corpus_folder(data: Path, name: str) -> Path:
    """Folder of a corpus below the data folder. Raises InvalidCorpusName."""
    return data / "corpora" / check_corpus_name(name)


def corpus_names(data: Path) -> list[str]:
    """Names of all corpora that have a live release; other folders are passed over."""
    names = (live.parent.name for live in (data / "corpora").glob("*/LIVE"))
    return sorted(name for name in names if CORPUS_NAME.fullmatch(name))


def live_number(folder: Path) -> int | None:
    """The number in a corpus folder's LIVE, None when there is none or it is not a number."""
    try:
        return int((folder / "LIVE").read_text())
    except (FileNotFoundError, ValueError):
        return None


def corpus_not_found(name: str) -> CorpusNotFound:
    """The error for a corpus without a live release, with the command that makes one."""
    return CorpusNotFound(
        f"no corpus {name[:80]!r}: create it with `python -m ingest add SOURCE --corpus NAME`"
    )


def release_folder(data: Path, name: str, number: int | None = None) -> Path:
    """Folder of release `number` or the live one. Raises CorpusNotFound, ReleaseNotFound."""
    folder = corpus_folder(data, name)
    live = live_number(folder)
    if live is None:
        raise corpus_not_found(name)
    wanted = folder / "releases" / release_folder_name(live if number is None else number)
    if not (wanted / "manifest.json").is_file():
        raise ReleaseNotFound(f"corpus {name!r} has no release {wanted.name}")
    return wanted
