"""How many of the nearest chunks a search of a live release finds."""

from contextlib import closing
from pathlib import Path

import numpy as np

from rag.bootstrap import open_release
from rag.releases.files import ReleaseDatabase, read_vectors
from rag.releases.folder import release_folder
from rag.releases.manifest import Manifest
from rag.repair import NEIGHBOURS, find_nearest


def measure_recall(data: Path, corpus: str) -> tuple[float, Manifest]:
    """Recall of the ten nearest to vectors near those of the live release, and its manifest."""
    folder = release_folder(data, corpus)
    with closing(ReleaseDatabase(folder / "documents.db")) as database:
        chunks = database.rows("SELECT row FROM chunks ORDER BY row")
    rows = np.array([row for (row,) in chunks], np.int64)  # a changed copy has others too
    with closing(open_release(folder)) as release:
        found, wanted = find_nearest(
            lambda queries: [release.vectors.search(query, NEIGHBOURS) for query in queries],
            rows,
            read_vectors(folder),
        )
        return found / wanted, release.manifest
