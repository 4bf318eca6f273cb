"""`python -m rag.probe FOLDER`: opens a release as a reader would and proves that it answers.

In a process of its own, since a damaged vector index can take down the process that opens it.
"""

import argparse
import json
import sqlite3
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from rag.domain import Manifest, hash_ids
from rag.errors import RagError, ReleaseBroken
from rag.ports import Vectors
from rag.releases import OpenRelease

MOST_SELF_SEARCHES = 20_000
SAMPLED_SELF_SEARCHES = 400
NEWEST_SELF_SEARCHES = 400
THREADS = 2
RECALL_SAMPLE = 200
RECALL_BLOCK = 50
NEIGHBOURS = 10
LEAST_RECALL = 0.99
MOST_LOST = 0.01
TIE = 1e-4
SEED = 17


@dataclass(frozen=True, slots=True)
class Contents:
    """Chunks in order of their row in `vectors`, which may have rows that no chunk has.

    `longest` is the longest of their texts.
    """

    ids: list[str]
    rows: list[int]
    vectors: Vectors
    longest: str

    def vector(self, at: int) -> Vectors:
        """The vector of chunk number `at`."""
        vector: Vectors = self.vectors[self.rows[at]]
        return vector


def check_release(folder: Path, *, thorough: bool) -> None:
    """Raise ReleaseBroken unless documents, vectors and both indexes of a release agree.

    What is not thorough only sees whether the parts open, fit together and find one chunk.
    """
    from rag.bootstrap import open_release_parts

    release = open_release_parts(folder)
    try:
        contents = _read_contents(folder, release.manifest)
        _check_lexical(release, contents)
        random = np.random.default_rng(SEED)
        if thorough:
            _check_vectors(contents)
            for chosen in _choose(len(contents.ids), random):
                _check_self_search(release, contents, chosen)
            _check_recall(release, contents, random)
        elif contents.ids:
            _check_self_search(release, contents, [0, len(contents.ids) // 2])
    finally:
        release.close()


def _read_contents(folder: Path, manifest: Manifest) -> Contents:
    uri = f"{(folder / 'documents.db').resolve().as_uri()}?mode=ro&immutable=1"
    try:
        with closing(sqlite3.connect(uri, uri=True)) as database:
            found = database.execute("SELECT row, id FROM chunks ORDER BY row").fetchall()
            longest = database.execute("SELECT text, max(length(text)) FROM chunks").fetchone()[0]
            wrong = database.execute(
                'SELECT count(*) FROM chunks WHERE "end" - start != length(text) OR start < 0'
            ).fetchone()[0]
        vectors: Vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    except (OSError, ValueError, sqlite3.DatabaseError) as error:
        raise ReleaseBroken(f"{folder} cannot be read: {error}") from error
    contents = Contents(
        [id_ for _, id_ in found], [row for row, _ in found], vectors, longest or ""
    )
    if hash_ids(contents.ids) != manifest.chunk_ids_hash or wrong:
        raise ReleaseBroken("the chunks are not those of the ledger")
    if vectors.dtype != np.float32 or vectors.shape[1:] != (manifest.dimensions,):
        raise ReleaseBroken(f"the vectors have shape {vectors.shape}")
    if len(vectors) != len(contents.ids) + manifest.replaced:
        raise ReleaseBroken(f"{len(contents.ids)} chunks have {len(vectors)} vectors")
    return contents


def _check_vectors(contents: Contents) -> None:
    norms = np.linalg.norm(contents.vectors, axis=1)
    if not (np.isfinite(norms).all() and (np.abs(norms - 1) < 1e-3).all()):
        raise ReleaseBroken("a vector is not finite or not of unit length")


def _choose(chunks: int, random: np.random.Generator) -> list[Sequence[int]]:
    """All chunks of a small release; of a large one a sample, and the newest."""
    if chunks <= MOST_SELF_SEARCHES:
        return [range(chunks)]
    sample = random.choice(chunks, SAMPLED_SELF_SEARCHES, replace=False).tolist()
    return [sample, range(chunks - NEWEST_SELF_SEARCHES, chunks)]


def _check_self_search(release: OpenRelease, contents: Contents, chosen: Sequence[int]) -> None:
    """Search for each chunk by its own vector.

    Of a large release a hundredth may be lost: a graph search reaches nearly all, but not all.
    """
    expected = min(NEIGHBOURS, len(contents.ids))
    is_large = len(contents.ids) > MOST_SELF_SEARCHES
    spare = max(1, len(chosen) * MOST_LOST) if is_large else 0

    def is_found(at: int) -> bool:
        ranking = release.vectors.search(contents.vector(at), NEIGHBOURS)
        own = dict(ranking).get(contents.ids[at], -1.0)
        are_twins = bool(ranking) and ranking[-1][1] > 1 - TIE  # so many that it may be left out
        return len(ranking) == expected and (own >= 1 - TIE or are_twins)

    with ThreadPoolExecutor(THREADS) as threads:
        found = threads.map(is_found, chosen)
        lost = [at for at, is_there in zip(chosen, found, strict=True) if not is_there]
    if len(lost) > spare:
        raise ReleaseBroken(
            f"the vector index does not find chunk {contents.ids[lost[0]]}, "
            f"and {len(lost) - 1} others of {len(chosen)} tried"
        )


def _check_recall(release: OpenRelease, contents: Contents, random: np.random.Generator) -> None:
    count = min(RECALL_SAMPLE, len(contents.ids))
    if not count:
        return
    vectors = contents.vectors[contents.rows] if release.manifest.replaced else contents.vectors
    queries = random.normal(size=(count, vectors.shape[1])) * np.float32(0.02)
    queries = queries + vectors[random.choice(len(vectors), count, replace=False)]
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    limit = min(NEIGHBOURS, len(vectors))
    blocks = [queries[at : at + RECALL_BLOCK] for at in range(0, count, RECALL_BLOCK)]
    worst = [np.partition(block @ vectors.T, -limit, axis=1)[:, -limit] for block in blocks]

    def count_found(query: Vectors, least: float) -> int:
        ranking = release.vectors.search(query, limit)
        return sum(score >= least - TIE for _, score in ranking[:limit])

    with ThreadPoolExecutor(THREADS) as threads:
        found = sum(threads.map(count_found, queries, np.concatenate(worst)))
    if found < LEAST_RECALL * count * limit:
        raise ReleaseBroken(f"the vector index finds {found} of {count * limit} neighbours")


def _check_lexical(release: OpenRelease, contents: Contents) -> None:
    if not release.lexical.analyze(contents.longest):
        return
    if not release.lexical.search(contents.longest, NEIGHBOURS):
        raise ReleaseBroken("the lexical index does not find its longest chunk")


def main(arguments: Sequence[str] | None = None) -> int:
    """Check the folder named on the command line; the exit code is 0 if all is well."""
    parser = argparse.ArgumentParser(prog="python -m rag.probe", description=__doc__)
    parser.add_argument("release", type=Path, help="folder of a release")
    parser.add_argument("--thorough", action="store_true", help="try every chunk, not just one")
    options = parser.parse_args(arguments)
    try:
        check_release(options.release, thorough=options.thorough)
    except RagError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    print(json.dumps({"verified": str(options.release)}))  # noqa: T201 - a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
