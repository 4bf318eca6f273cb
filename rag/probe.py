"""`python -m rag.probe FOLDER`: opens a release as a reader would and proves that it answers.

In a process of its own, since a damaged vector index can take down the process that opens it.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np

from rag.bootstrap import open_release_parts
from rag.errors import RagError, ReleaseBroken
from rag.ports import Vectors
from rag.releases.files import ReleaseDatabase, read_vectors
from rag.releases.folder import LEAST_RECALL, OpenRelease
from rag.releases.manifest import Manifest, hash_ids
from rag.repair import NEIGHBOURS, find_nearest, is_found

SAMPLED = 400  # chosen: a fault of one chunk in a hundred is missed in 2 % of the runs
NEWEST = 400  # chosen: as many of those added last, where faults are likeliest
THREADS = 2  # chosen: the service beside it keeps the other cores
MOST_UNFOUND = 0.01  # of a graph, which is approximate; exact search must find all
MOST_OFF_UNIT = 1e-3  # chosen: the rounding of float32 is a thousandth of it
SEED = 17  # any: the same chunks each time


@dataclass(frozen=True, slots=True)
class Contents:
    """Chunks in order of their row in `vectors`, which may have rows that no chunk has.

    `longest` is the longest of their texts.
    """

    ids: list[str]
    rows: list[int]
    vectors: Vectors
    longest: str


def check_release(folder: Path, *, thorough: bool) -> None:
    """Raise ReleaseBroken unless documents, vectors and both indexes of a release agree.

    What is not thorough only sees whether the parts open, fit together and find one chunk.
    """
    release = open_release_parts(folder)
    try:
        contents = _read_contents(folder, release.manifest)
        _check_lexical(release, contents)
        random = np.random.default_rng(SEED)
        if thorough:
            _check_vectors(release, contents)
            for chosen in _choose(len(contents.ids), random):
                _check_self_search(release, contents, chosen)
            _check_recall(release, contents)
        elif contents.ids:
            _check_self_search(release, contents, [0, len(contents.ids) // 2])
    finally:
        release.close()


def _read_contents(folder: Path, manifest: Manifest) -> Contents:
    vectors = read_vectors(folder)
    with closing(ReleaseDatabase(folder / "documents.db")) as database:
        found = database.rows("SELECT row, id FROM chunks ORDER BY row")
        [(longest, _)] = database.rows("SELECT text, max(length(text)) FROM chunks")
        wrong = database.rows(
            'SELECT 1 FROM chunks WHERE "end" - start != length(text) OR start < 0 LIMIT 1'
        )
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


def _check_vectors(release: OpenRelease, contents: Contents) -> None:
    norms = np.sqrt(np.einsum("ij,ij->i", contents.vectors, contents.vectors))[contents.rows]
    wrong = np.flatnonzero(~(np.abs(norms - 1) < MOST_OFF_UNIT))  # NaN is not near 1 either
    if len(wrong):
        source = _source(release, contents, int(wrong[0]))
        raise ReleaseBroken(
            f"{len(wrong)} vectors are not finite and of unit length, "
            f"the first is of a chunk of {source}"
        )


def _choose(chunks: int, random: np.random.Generator) -> list[Sequence[int]]:
    """All chunks of a small release; of a large one a sample, and the newest."""
    if chunks <= SAMPLED + NEWEST:
        return [range(chunks)]
    sample = random.choice(chunks, SAMPLED, replace=False).tolist()
    return [sample, range(chunks - NEWEST, chunks)]


def _check_self_search(release: OpenRelease, contents: Contents, chosen: Sequence[int]) -> None:
    """Search for each chunk by its own vector; a graph reaches nearly all, but not all of them."""
    expected = min(NEIGHBOURS, len(contents.ids))
    spare = max(1, len(chosen) * MOST_UNFOUND) if release.manifest.search == "graph" else 0

    def is_there(at: int) -> bool:
        ranking = release.vectors.search(contents.vectors[contents.rows[at]], NEIGHBOURS)
        return is_found(contents.ids[at], ranking, expected)

    with ThreadPoolExecutor(THREADS) as threads:
        lost = [
            at for at, there in zip(chosen, threads.map(is_there, chosen), strict=True) if not there
        ]
    if len(lost) > spare:
        others = f", and {len(lost) - 1} others of {len(chosen)} tried" if lost[1:] else ""
        raise ReleaseBroken(
            f"a search does not find a chunk of {_source(release, contents, lost[0])}{others}"
        )


def _source(release: OpenRelease, contents: Contents, at: int) -> str:
    id_ = contents.ids[at]
    _, reference = release.documents.chunks([id_])[id_]
    return reference.source


def _check_recall(release: OpenRelease, contents: Contents) -> None:
    with ThreadPoolExecutor(THREADS) as threads:
        found, wanted = find_nearest(
            lambda queries: threads.map(partial(release.vectors.search, limit=NEIGHBOURS), queries),
            np.array(contents.rows, np.int64),
            contents.vectors,
        )
    if found < LEAST_RECALL * wanted:
        raise ReleaseBroken(f"a search finds {found} of {wanted} neighbours")


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
