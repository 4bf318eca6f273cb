"""`python -m rag.repair FOLDER`: what the vector index of a release loses is put in once more.

Prints how much it finds then. In a process of its own, since an index can take down its process.
"""

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from rag.bootstrap import load_index_builders, open_graph
from rag.errors import RagError
from rag.ports import Ranking, Rows, Vectors
from rag.releases.files import ReleaseDatabase, read_vectors
from rag.releases.folder import GraphQuality

if TYPE_CHECKING:
    from rag.adapters.indexes.chroma import ChromaIndex

ROUNDS = 3  # chosen: ends earlier where a round finds nothing to repair
MOST_TRIED = 20_000  # of a fresh graph: half a minute
MOST_TRIED_OF_COPIES = 400  # of a changed copy: live some seconds after a small change
NEWEST_TRIED = 400  # chosen: those added last are the likeliest to be lost
BATCH = 100  # chosen: vectors searched for at once
QUERIES = 200  # chosen: 2,000 neighbours tell .99 from .98
QUERY_BLOCK = 25  # chosen: 25 times a million scores are 100 MB
NOISE = 0.02  # chosen: near its chunk and not the same (cosine .93 at 384 numbers)
NEIGHBOURS = 10  # recall@10, as vector indexes are compared
TIE = 1e-4  # float32 sums in another order differ by less
SEED = 17  # any: the same vectors each time


@dataclass(frozen=True, slots=True)
class Named:
    """The different vectors of a release: their names, a row of each, and all rows."""

    names: list[str]
    rows: Rows
    vectors: Vectors


def improve(folder: Path, most_tried: int = MOST_TRIED) -> GraphQuality:
    """Repair the index of an unsealed release while that helps. Raises StorageError.

    Of more than `most_tried` vectors a sample is searched for, and the newest.
    """
    builder, _ = load_index_builders()
    named = _read_named(folder)
    tried = _choose(len(named.names), most_tried)
    quality, lost = _measure(folder, named, tried)
    for _ in range(ROUNDS):
        if not len(lost):
            break
        names = [named.names[at] for at in lost]
        builder.repair(folder / "chroma", names, named.vectors[named.rows[lost]])
        before, (quality, lost) = quality, _measure(folder, named, tried)
        if quality.lost >= before.lost:
            break
    return quality


def _measure(folder: Path, named: Named, tried: Rows) -> tuple[GraphQuality, Rows]:
    """How good the index is, and the places of what it loses."""
    with closing(open_graph(folder)) as graph:
        lost = _find_lost(graph, named, tried)
        search = partial(graph.search_many, limit=NEIGHBOURS)
        found, wanted = find_nearest(search, named.rows, named.vectors)
    return GraphQuality(found / wanted if wanted else 1.0, len(lost), len(tried)), lost


def _read_named(folder: Path) -> Named:
    sql = "SELECT vector, min(row) FROM chunks GROUP BY vector ORDER BY min(row)"
    with closing(ReleaseDatabase(folder / "documents.db")) as database:
        found = database.rows(sql)
    rows = np.array([row for _, row in found], np.int64)
    return Named([name for name, _ in found], rows, read_vectors(folder))


def _choose(count: int, most: int) -> Rows:
    if count <= most + NEWEST_TRIED:
        return np.arange(count)
    sample = np.random.default_rng(SEED).choice(count, most, replace=False)
    return np.unique(np.concatenate([sample, np.arange(count - NEWEST_TRIED, count)]))


def _find_lost(graph: "ChromaIndex", named: Named, tried: Rows) -> Rows:
    """Which of `tried` the graph does not find by their own vector."""
    expected = min(NEIGHBOURS, len(named.names))
    lost: list[int] = []
    for at in range(0, len(tried), BATCH):
        batch = tried[at : at + BATCH]
        rankings = graph.search_many(named.vectors[named.rows[batch]], NEIGHBOURS)
        lost += [
            each
            for each, ranking in zip(batch.tolist(), rankings, strict=True)
            if not is_found(named.names[each], ranking, expected)
        ]
    return np.array(lost, np.int64)


def is_found(name: str, ranking: Ranking, expected: int) -> bool:
    """Whether a search by the own vector of `name` finds it, or as many equal ones instead."""
    own = dict(ranking).get(name, -1.0)
    are_equal = bool(ranking) and ranking[-1][1] > 1 - TIE
    return len(ranking) == expected and (own >= 1 - TIE or are_equal)


def find_nearest(
    search: Callable[[Vectors], Iterable[Ranking]], rows: Rows, vectors: Vectors
) -> tuple[int, int]:
    """Of the ten nearest to vectors that lie near some of `rows`: how many are found, of how many.

    `search` gives the ten best for each vector.
    """
    queries, least = _ask_nearby(rows, vectors)
    limit = min(NEIGHBOURS, len(rows))
    pairs = zip(search(queries), least.tolist(), strict=True)
    found = sum(score >= worst - TIE for ranking, worst in pairs for _, score in ranking[:limit])
    return found, len(queries) * limit


def _ask_nearby(rows: Rows, vectors: Vectors) -> tuple[Vectors, Vectors]:
    """Vectors near some of `rows`, and the cosine of the last of the nearest to each of them."""
    count, limit = min(QUERIES, len(rows)), min(NEIGHBOURS, len(rows))
    random = np.random.default_rng(SEED)
    queries = random.normal(size=(count, vectors.shape[1])) * np.float32(NOISE)
    queries += vectors[random.choice(rows, count, replace=False)] if count else 0
    queries = (queries / np.linalg.norm(queries, axis=1, keepdims=True)).astype(np.float32)
    blocks = (queries[at : at + QUERY_BLOCK] for at in range(0, count, QUERY_BLOCK))
    scores = ((block @ vectors.T)[:, rows] for block in blocks)
    least = [np.partition(each, -limit, axis=1)[:, -limit] for each in scores]
    return queries, np.concatenate([*least, np.zeros(0, np.float32)])


def main(arguments: Sequence[str] | None = None) -> int:
    """Improve the release named on the command line; the exit code is 0 if it could be measured."""
    parser = argparse.ArgumentParser(prog="python -m rag.repair", description=__doc__)
    parser.add_argument("release", type=Path, help="folder of a release that is not sealed yet")
    parser.add_argument("--copy", action="store_true", help="a changed copy of a measured one")
    options = parser.parse_args(arguments)
    try:
        most = MOST_TRIED_OF_COPIES if options.copy else MOST_TRIED
        quality = improve(options.release, most)
    except RagError as error:
        print(error, file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    print(json.dumps(asdict(quality)))  # noqa: T201 - a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
