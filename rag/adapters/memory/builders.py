"""Writers of small index files, for a document side without Chroma and tantivy."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rag.ports import LexicalEntry, Rows, Vectors


class MemoryVectorIndexBuilder:
    """Writes ids and vectors as one npz file, for a document side without Chroma."""

    def write(self, folder: Path, names: Sequence[str], rows: Rows, vectors: Vectors) -> None:
        """Create `folder/vectors.npz`."""
        folder.mkdir(parents=True, exist_ok=True)
        ids = np.array(names, dtype=np.str_)
        np.savez(folder / "vectors.npz", ids=ids, vectors=vectors[rows])

    def change(
        self,
        folder: Path,
        base: Path,
        *,
        removed: Sequence[str],
        added: Sequence[str],
        vectors: Vectors,
    ) -> None:
        """Create `folder/vectors.npz` from that in `base`."""
        with np.load(base / "vectors.npz") as held:
            known = dict(zip(held["ids"].tolist(), held["vectors"], strict=True))
        known |= dict(zip(added, vectors, strict=True))
        kept = {id_: vector for id_, vector in known.items() if id_ not in set(removed)}
        held = np.array(list(kept.values()), dtype=np.float32)
        self.write(folder, list(kept), np.arange(len(kept)), held)

    def repair(self, folder: Path, names: Sequence[str], vectors: Vectors) -> None:
        """Nothing is ever lost here."""


class MemoryLexicalIndexBuilder:
    """Writes ids as lines, for a document side without tantivy."""

    def write(self, folder: Path, entries: Iterator[LexicalEntry], language: str) -> None:
        """Create `folder/ids.txt`, one id a line."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ids.txt").write_text("".join(f"{entry.id}\n" for entry in entries))

    def change(
        self,
        folder: Path,
        base: Path,
        *,
        removed: Sequence[str],
        added: Iterator[LexicalEntry],
        language: str,
    ) -> None:
        """Create `folder/ids.txt` from that in `base`."""
        self.write(folder, added, language)
        kept = [id_ for id_ in (base / "ids.txt").read_text().split() if id_ not in set(removed)]
        with (folder / "ids.txt").open("a") as stream:
            stream.writelines(f"{id_}\n" for id_ in kept)
