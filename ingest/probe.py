"""`python -m ingest.probe FOLDER`: opens a release as a reader would and proves that it answers."""

import json
import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import numpy as np

from rag.domain import Manifest, hash_ids
from rag.errors import RagError, ReleaseBroken
from rag.ports import Vectors
from rag.releases import OpenRelease

MOST_SELF_SEARCHES = 20_000
RECALL_SAMPLE = 200
NEIGHBOURS = 10
LEAST_RECALL = 0.99
TIE = 1e-4
SEED = 17


def check_release(folder: Path) -> None:
    """Raise ReleaseBroken unless documents, vectors and both indexes of a release agree."""
    from rag.bootstrap import open_release

    release = open_release(folder)
    try:
        ids, words = _check_documents(folder, release.manifest)
        vectors = _check_vectors(folder, release.manifest)
        random = np.random.default_rng(SEED)
        _check_self_search(release, ids, vectors, random)
        _check_recall(release, ids, vectors, random)
        _check_lexical(release, ids, words)
    finally:
        release.close()


def _check_documents(folder: Path, manifest: Manifest) -> tuple[list[str], list[str]]:
    uri = f"{(folder / 'documents.db').as_uri()}?mode=ro&immutable=1"
    with closing(sqlite3.connect(uri, uri=True)) as database:
        rows = database.execute("SELECT row, id, text FROM chunks ORDER BY row").fetchall()
        wrong = database.execute(
            'SELECT count(*) FROM chunks WHERE "end" - start != length(text) OR start < 0'
        ).fetchone()[0]
    ids = [id_ for _, id_, _ in rows]
    if [row for row, _, _ in rows] != list(range(manifest.chunks)):
        raise ReleaseBroken("the rows of the chunks are not numbered in order")
    if hash_ids(ids) != manifest.chunk_ids_hash or wrong:
        raise ReleaseBroken("the chunks are not those of the ledger")
    return ids, [text for _, _, text in rows]


def _check_vectors(folder: Path, manifest: Manifest) -> Vectors:
    vectors: Vectors = np.load(folder / "vectors.npy", mmap_mode="r")
    if vectors.shape != (manifest.chunks, manifest.dimensions) or vectors.dtype != np.float32:
        raise ReleaseBroken(f"the vectors have shape {vectors.shape}")
    norms = np.linalg.norm(vectors, axis=1)
    if not (np.isfinite(norms).all() and (np.abs(norms - 1) < 1e-3).all()):
        raise ReleaseBroken("a vector is not finite or not of unit length")
    return vectors


def _check_self_search(
    release: OpenRelease, ids: list[str], vectors: Vectors, random: np.random.Generator
) -> None:
    rows = np.arange(len(ids))
    if len(ids) > MOST_SELF_SEARCHES:
        rows = random.choice(rows, MOST_SELF_SEARCHES, replace=False)
    for row in rows:
        ranking = release.vectors.search(vectors[row], NEIGHBOURS)
        own = dict(ranking).get(ids[row], -1.0)
        are_twins = bool(ranking) and ranking[-1][1] > 1 - TIE  # so many that it may be left out
        if own < 1 - TIE and not are_twins:
            raise ReleaseBroken(f"the vector index does not find chunk {ids[row]}")


def _check_recall(
    release: OpenRelease, ids: list[str], vectors: Vectors, random: np.random.Generator
) -> None:
    if not ids:
        return
    count = min(RECALL_SAMPLE, len(ids))
    queries = random.normal(size=(count, vectors.shape[1])) * np.float32(0.02)
    queries = (queries + vectors[random.choice(len(ids), count, replace=False)]).astype(np.float32)
    queries /= np.linalg.norm(queries, axis=1, keepdims=True)
    limit = min(NEIGHBOURS, len(ids))
    found = 0
    for query in queries:
        worst = np.partition(vectors @ query, -limit)[-limit]
        ranking = release.vectors.search(query, limit)
        found += sum(score >= worst - TIE for _, score in ranking[:limit])
    if found < LEAST_RECALL * count * limit:
        raise ReleaseBroken(f"the vector index finds {found} of {count * limit} neighbours")


def _check_lexical(release: OpenRelease, ids: list[str], texts: list[str]) -> None:
    longest = max(range(len(ids)), key=lambda row: len(texts[row]), default=None)
    if longest is None or not release.lexical.analyze(texts[longest]):
        return
    if not release.lexical.search(texts[longest], NEIGHBOURS):
        raise ReleaseBroken("the lexical index does not find its longest chunk")


def main() -> int:
    """Check the folder named on the command line; the exit code is 0 if all is well."""
    try:
        check_release(Path(sys.argv[1]))
    except RagError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    print(json.dumps({"verified": sys.argv[1]}))  # noqa: T201 - a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
