"""The folder of a release, written fresh from the ledger or as a changed copy of another one."""

import os
import shutil
from dataclasses import dataclass, field, fields
from pathlib import Path

import numpy as np

from ingest.clock import now_utc
from ingest.corpus.embedding import count_dimensions, find_unusable
from ingest.corpus.ledger import Ledger
from ingest.releases.documents_db import Difference, Rows, compare, filled
from rag.errors import ReleaseBroken, StorageError
from rag.ports import LexicalIndexBuilder, VectorIndexBuilder, Vectors
from rag.releases.chunks import lexical_entries
from rag.releases.manifest import RELEASE_FORMAT, Manifest, hash_ids
from rag.releases.seals import check_seal

MOST_REPLACED = 0.1  # design: from a tenth on a fresh build costs little more
BYTES_PER_DIMENSION = 16  # float32 in vectors.npy and in the graph, twice while it grows
BYTES_PER_CHUNK = 1000  # measured: rows, ids and postings of a chunk, rounded up
COPIES_OF_TEXT = 3  # in documents.db, of the chunks, and in the lexical index
LEAST_FREE_BYTES = 32_000_000  # chosen: what an empty release and its log take


Engines = tuple[VectorIndexBuilder, LexicalIndexBuilder]


@dataclass(frozen=True, slots=True)
class Recipe:
    """What a release's content depends on besides the documents."""

    corpus: str
    language: str
    embedder: str
    chunker: str
    engines: str
    embedder_name: str = field(default="", compare=False)
    embedder_reason: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class Base:
    """An intact release that another one may be made from."""

    folder: Path
    manifest: Manifest


def is_made_by(manifest: Manifest | None, recipe: Recipe) -> bool:
    """Whether a release was made in just this way, whatever it holds."""
    if manifest is None or manifest.format != RELEASE_FORMAT:
        return False
    names = [each.name for each in fields(recipe) if each.compare]
    return all(getattr(manifest, name) == getattr(recipe, name) for name in names)


def estimate_bytes(ledger: Ledger, embedder: str) -> int:
    """What a release of all that the ledger holds may take on the disk, rather more than less."""
    chunks, characters = ledger.measure_chunks()
    per_chunk = BYTES_PER_DIMENSION * count_dimensions(ledger, embedder) + BYTES_PER_CHUNK
    return int(chunks * per_chunk + COPIES_OF_TEXT * characters + LEAST_FREE_BYTES)


def build(
    ledger: Ledger,
    recipe: Recipe,
    base: Base | None,
    folder: Path,
    number: int,
    engines: Engines,
) -> Manifest:
    """Write release `number` into a new folder, still to be sealed.

    It is made from `base` where that is intact, made by the same recipe, and at most a tenth of
    its rows would be left behind; fresh otherwise.
    """
    writer = _Writer(ledger, folder, number, recipe, engines)
    folder.mkdir(parents=True)
    difference = _small_difference(ledger, base, recipe)
    manifest = writer.change(base, difference) if base and difference else writer.write()
    manifest.save(folder)
    return manifest


def _small_difference(ledger: Ledger, base: Base | None, recipe: Recipe) -> Difference | None:
    if base is None or not is_made_by(base.manifest, recipe) or not is_intact(base.folder):
        return None
    difference = compare(ledger, base.folder / "documents.db")
    left_behind = base.manifest.replaced + len(difference.replaced)
    return difference if left_behind <= MOST_REPLACED * base.manifest.chunks else None


def is_intact(release: Path) -> bool:
    """Whether every file of a release is as it was sealed."""
    try:
        check_seal(release)
    except ReleaseBroken:
        return False
    return True


def write_indexes(
    folder: Path, rows: Rows, vectors: Vectors, language: str, engines: Engines
) -> None:
    """Write both indexes of all chunks fresh."""
    vector_index, lexical_index = engines
    named = rows.named_rows()
    places = np.fromiter(named.values(), np.int64, len(named))
    vector_index.write(folder / "chroma", list(named), places, vectors)
    lexical_index.write(folder / "lexical", lexical_entries(rows.chunks()), language)


class _Writer:
    def __init__(
        self, ledger: Ledger, folder: Path, number: int, recipe: Recipe, engines: Engines
    ) -> None:
        self._ledger = ledger
        self._folder = folder
        self._number = number
        self._created = now_utc()
        self._recipe = recipe
        self._engines = engines

    def write(self) -> Manifest:
        """All parts fresh."""
        ledger = self._ledger
        with filled(ledger, self._folder / "documents.db") as rows:
            count, dimensions = rows.count_filled(), count_dimensions(ledger, self._recipe.embedder)
            vectors = self._new_vectors(count, dimensions)
            self._fill(vectors, 0, rows)
            write_indexes(self._folder, rows, vectors, self._recipe.language, self._engines)
            return self._manifest(rows, vectors)

    def change(self, base: Base, difference: Difference) -> Manifest:
        """All parts as changed copies of those of `base`."""
        documents = self._folder / "documents.db"
        shutil.copy2(base.folder / "documents.db", documents)
        before = base.manifest.chunks + base.manifest.replaced
        with filled(self._ledger, documents, first=before) as rows:
            count = before + rows.count_filled()
            held = np.load(base.folder / "vectors.npy", mmap_mode="r")
            vectors = self._new_vectors(count, base.manifest.dimensions)
            vectors[:before] = held
            self._fill(vectors, before, rows)
            named = rows.named_rows()
            self._engines[0].change(
                self._folder / "chroma",
                base.folder / "chroma",
                removed=rows.absent(difference.vectors),
                added=difference.new,
                vectors=vectors[[named[name] for name in difference.new]],
            )
            self._change_lexical(base, difference, rows)
            return self._manifest(rows, vectors, based_on=base.manifest.release)

    def _change_lexical(self, base: Base, difference: Difference, rows: Rows) -> None:
        lexical, folder, language = self._engines[1], self._folder, self._recipe.language
        if difference.is_hidden:
            entries = lexical_entries(rows.chunks(all_of_them=True))
            lexical.write(folder / "lexical", entries, language)
        else:
            lexical.change(
                folder / "lexical",
                base.folder / "lexical",
                removed=difference.replaced,
                added=lexical_entries(rows.chunks()),
                language=language,
            )

    def _new_vectors(self, count: int, dimensions: int) -> Vectors:
        path = self._folder / "vectors.npy"
        if not count:
            empty = np.zeros((0, dimensions), dtype=np.float32)
            np.save(path, empty)
            return empty
        shape = (count, dimensions)
        vectors = np.lib.format.open_memmap(path, mode="w+", dtype=np.float32, shape=shape)
        with path.open("r+b") as file:  # a mapped page that finds no room ends the process
            os.posix_fallocate(file.fileno(), 0, path.stat().st_size)
        return vectors

    def _fill(self, vectors: Vectors, start: int, rows: Rows) -> None:
        at = start
        damaged: list[int] = []
        for block in rows.vectors(self._recipe.embedder):
            unusable = find_unusable(block, vectors.shape[1])
            damaged += [at + place for place in unusable]
            if not unusable:
                filled = np.frombuffer(b"".join(block), dtype=np.float32)
                vectors[at : at + len(block)] = filled.reshape(len(block), -1)
            at += len(block)
        if damaged:
            source = rows.source(damaged[0])
            rows.discard_embeddings(self._recipe.embedder, damaged)
            raise StorageError(
                f"{len(damaged)} embeddings in the ledger are damaged, the first is of {source}: "
                f"they were taken out, run the command again to have them made anew"
            )
        if at != len(vectors):
            raise StorageError(
                f"{len(vectors) - at} chunks have no embedding in the ledger: "
                f"run the command again to have them made"
            )
        if isinstance(vectors, np.memmap):
            vectors.flush()

    def _manifest(self, rows: Rows, vectors: Vectors, *, based_on: int | None = None) -> Manifest:
        recipe, ids = self._recipe, rows.ids()
        return Manifest(
            format=RELEASE_FORMAT,
            corpus=recipe.corpus,
            release=self._number,
            created=self._created,
            documents=rows.count_documents(),
            chunks=len(ids),
            dimensions=vectors.shape[1],
            language=recipe.language,
            embedder=recipe.embedder,
            embedder_precision=recipe.embedder.rpartition(":")[2],
            chunker=recipe.chunker,
            content_hash=self._ledger.content_hash(),
            chunk_ids_hash=hash_ids(ids),
            engines=recipe.engines,
            based_on=based_on,
            replaced=len(vectors) - len(ids),
            embedder_name=recipe.embedder_name,
            embedder_reason=recipe.embedder_reason,
            vectors=rows.count_vectors(),
            search="exact",
        )
