"""A sound release is published always, and says how it is searched."""

import json
import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest

from ingest.runs.outcomes import Unpublished
from rag import repair
from rag.adapters.indexes.chroma import ChromaIndex, ChromaIndexBuilder
from rag.adapters.indexes.exact import ExactVectors
from rag.adapters.indexes.sharing import SharedVectors
from rag.bootstrap import load_index_builders, open_release
from rag.errors import ReleaseBroken
from rag.ports import Vectors
from rag.probe import check_release
from rag.releases.folder import GraphQuality, tell_search
from rag.releases.manifest import Manifest
from rag.releases.seals import check_seal, write_seal
from tests.ingest.corpora import SmallCorpus

pytestmark = pytest.mark.slow

LINE = "The pump of hall 7 reports a pressure of 4.2 bar and a flow of 118 litres a minute.\n\n"
BAD = GraphQuality(recall=0.9, lost=7, tried=60)
GOOD = GraphQuality(recall=1.0, lost=0, tried=60)


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """Real indexes, and a graph to be searched however small the release is."""
    corpus = SmallCorpus(tmp_path)
    corpus.engines = load_index_builders
    corpus.exact_up_to = 0
    return corpus


def manifest(corpus: SmallCorpus, number: int) -> Manifest:
    found = corpus.folder.manifest(number)
    assert found is not None
    return found


def vector_names(release: Path) -> list[str]:
    """The names under which the index of a release holds its vectors."""
    index = ChromaIndex(release / "chroma")
    ranking = index.search(np.full(256, 1 / 16, dtype=np.float32), 100_000)
    index.close()
    return sorted(name for name, _ in ranking)


def test_a_file_of_5000_equal_lines_is_published_and_found_by_its_graph(
    corpus: SmallCorpus,
) -> None:
    corpus.write("pump.log", LINE * 5000)
    for number in range(30):
        corpus.write(f"{number}.md", f"The boat of pier {number} carries {number * 7} people.")
    report = corpus.add()
    made = manifest(corpus, 1)
    assert (report.published, made.search) == (True, "graph")
    assert made.vectors < 40 < made.chunks
    check_release(corpus.folder.release(1), thorough=True)
    release = open_release(corpus.folder.release(1))
    [vector] = corpus.embedder.embed_queries([LINE])
    found = [id_ for id_, _ in release.vectors.search(vector, 50)]
    exact = [id_ for id_, _ in release.vector_rows.nearest(vector, np.arange(made.chunks), 50)]
    release.close()
    assert found == exact


def test_chunks_that_share_a_vector_come_and_go_without_each_other(corpus: SmallCorpus) -> None:
    chance = random.Random(5)
    texts = [f"Fact {number}: boats of pier {number} sail at noon." for number in range(12)]
    for number in range(80):
        corpus.write(f"{number:02}.txt", chance.choice(texts))
    corpus.add()
    changed = 0
    for number in range(2, 9):
        for _ in range(3):
            path = corpus.sources / f"{chance.randrange(80):02}.txt"
            path.unlink() if path.exists() and chance.random() < 0.4 else path.write_text(
                chance.choice([*texts, f"Something new: {chance.random()}."])
            )
        corpus.add()
        release = corpus.folder.release(number)
        changed += manifest(corpus, number).based_on is not None
        with closing(sqlite3.connect(release / "documents.db")) as database:
            held = database.execute("SELECT DISTINCT vector FROM chunks ORDER BY vector").fetchall()
        assert vector_names(release) == [name for (name,) in held]
        assert manifest(corpus, number).vectors == len(held)
        check_release(release, thorough=True)
    assert changed > 3


def test_a_small_release_is_searched_exactly(corpus: SmallCorpus) -> None:
    corpus.exact_up_to = 2
    corpus.improve_graph = lambda release, *, is_copy: pytest.fail("nobody asks this graph")
    corpus.write("a.md", "The boats.")
    corpus.write("b.md", "The whales.")
    report = corpus.add()
    assert (manifest(corpus, 1).search, report.search) == ("exact", "exactly")
    release = open_release(corpus.folder.release(1))
    assert isinstance(release.vectors, ExactVectors)
    assert release.alarm == ""
    release.close()


def test_a_graph_that_finds_too_little_is_not_searched_but_the_release_is_published(
    corpus: SmallCorpus,
) -> None:
    for number in range(60):
        corpus.write(f"{number:02}.md", f"The boat of pier {number} carries {number * 7} people.")
    corpus.improve_graph = lambda release, *, is_copy: BAD
    report = corpus.add()
    assert report.published
    assert report.search == (
        "exactly, since its graph finds too little (recall 0.900, loses 7 of 60 vectors tried)"
    )
    check_release(corpus.folder.release(1), thorough=True)
    corpus.write("new.md", "Whales are seen in spring.")
    corpus.improve_graph = lambda release, *, is_copy: GOOD
    corpus.add()
    assert (manifest(corpus, 2).based_on, manifest(corpus, 2).search) == (1, "graph")
    release = open_release(corpus.folder.release(2))
    assert isinstance(release.vectors, SharedVectors)
    release.close()


def test_a_changed_graph_that_finds_too_little_is_built_fresh(corpus: SmallCorpus) -> None:
    for number in range(60):
        corpus.write(f"{number:02}.md", f"The boat of pier {number} carries {number * 7} people.")
    corpus.add()

    def improve(release: Path, *, is_copy: bool) -> GraphQuality:
        return BAD if is_copy else GOOD

    corpus.improve_graph = improve
    corpus.write("new.md", "Whales are seen in spring.")
    corpus.add()
    assert (manifest(corpus, 2).based_on, manifest(corpus, 2).search) == (None, "graph")


def test_a_graph_that_fails_its_verification_is_not_searched(corpus: SmallCorpus) -> None:
    def verify(release: Path) -> None:
        made = Manifest.from_json((release / "manifest.json").read_text())
        check_seal(release)
        if made.search == "graph":
            raise ReleaseBroken("a search finds 7 of 10 neighbours")

    corpus.write("a.md", "The boats.")
    corpus.improve_graph = lambda release, *, is_copy: GOOD
    corpus.verify = verify
    corpus.add()
    assert (manifest(corpus, 1).search, manifest(corpus, 1).graph_recall) == ("exact", 1.0)
    check_seal(corpus.folder.release(1))


def test_a_graph_that_cannot_be_opened_is_not_searched(corpus: SmallCorpus) -> None:
    def die(release: Path, *, is_copy: bool) -> GraphQuality:
        raise ReleaseBroken("exit code -11")

    corpus.write("a.md", "The boats.")
    corpus.improve_graph = die
    assert corpus.add().search == "exactly"


def test_a_release_made_before_vectors_had_names_opens_and_is_built_anew_by_the_next_run(
    corpus: SmallCorpus,
) -> None:
    for number in range(60):
        corpus.write(f"{number:02}.md", f"The boat of pier {number} carries {number * 7} people.")
    corpus.add()
    made_as_before(corpus.folder.release(1))
    release = open_release(corpus.folder.release(1))
    [vector] = corpus.embedder.embed_queries(["pier 7 carries 49"])
    [(id_, _), *_] = release.vectors.search(vector, 3)
    assert release.documents.chunks([id_])[id_][1].source == "07.md"
    release.close()
    corpus.engine_names = "memory-2"
    corpus.write("new.md", "Whales are seen in spring.")
    assert corpus.add().embedded == 1
    assert (manifest(corpus, 2).based_on, manifest(corpus, 2).vectors) == (None, 61)


def made_as_before(release: Path) -> None:
    """Turn a release into one of the same format that names its vectors as its chunks."""
    with closing(sqlite3.connect(release / "documents.db")) as database, database:
        rows = database.execute("SELECT id, row FROM chunks").fetchall()
        database.execute("DROP INDEX chunks_by_vector")
        database.execute("ALTER TABLE chunks DROP COLUMN vector")
    shutil.rmtree(release / "chroma")
    ids, places = [id_ for id_, _ in rows], np.array([row for _, row in rows])
    ChromaIndexBuilder().write(release / "chroma", ids, places, np.load(release / "vectors.npy"))
    told = json.loads((release / "manifest.json").read_text())
    for name in ("search", "vectors", "graph_recall", "graph_lost", "graph_tried"):
        del told[name]
    (release / "manifest.json").write_text(json.dumps(told))
    write_seal(release)


def test_the_embedder_is_let_go_before_a_large_release_is_built(corpus: SmallCorpus) -> None:
    corpus.calibrate = lambda release, embedder: None
    corpus.write("a.md", "The boats.")
    corpus.exact_up_to = 1
    corpus.add()
    assert corpus.loads == 1
    corpus.exact_up_to = 0
    corpus.improve_graph = lambda release, *, is_copy: GOOD
    corpus.write("a.md", "The whales.")
    corpus.add()
    assert corpus.loads == 3  # once to embed, once more to calibrate


def clustered(number: int) -> Vectors:
    """One of a thousand vectors that are nearly equal."""
    middle = np.random.default_rng(number // 1000).normal(size=48)
    off = np.random.default_rng(100_000 + number).normal(size=48)
    vector = middle / np.linalg.norm(middle) + 0.05 * off / np.linalg.norm(off)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


def test_what_a_graph_loses_is_put_in_again_until_it_is_found(tmp_path: Path) -> None:
    vectors = np.array([clustered(number) for number in range(3000)])
    names = [f"{number:06}" for number in range(3000)]
    with closing(sqlite3.connect(tmp_path / "documents.db")) as database, database:
        database.execute("CREATE TABLE chunks (row INTEGER PRIMARY KEY, vector TEXT)")
        database.executemany("INSERT INTO chunks VALUES (?, ?)", enumerate(names))
    np.save(tmp_path / "vectors.npy", vectors)
    builder = ChromaIndexBuilder()
    builder.write(tmp_path / "chroma", names, np.arange(3000), vectors)
    builder.repair(tmp_path / "chroma", names[7:8], vectors[2000:2001])  # a vector of another
    quality = repair.improve(tmp_path)
    assert (quality.lost, quality.tried, quality.is_good) == (0, 3000, True)
    assert repair.improve(tmp_path, 400).tried in range(700, 801)
    index = ChromaIndex(tmp_path / "chroma")
    [(name, score), *_] = index.search(vectors[7], 1)
    index.close()
    assert name == names[7]
    assert score == pytest.approx(1.0)


@pytest.mark.parametrize("damage", [b"", b"\x00" * 1024, b"\xff" * 1024, b"\x00" * 400])
def test_a_damaged_embedding_names_its_source_and_is_made_anew_by_the_next_run(
    corpus: SmallCorpus, damage: bytes
) -> None:
    corpus.write("a.md", "The boats.")
    corpus.write("b.md", "The whales.")
    corpus.add()
    corpus.write("c.md", "The dogs.")
    corpus.improve_graph = lambda release, *, is_copy: GOOD
    with closing(sqlite3.connect(corpus.folder.ledger)) as ledger, ledger:
        ledger.execute(
            "UPDATE embeddings SET vector = ? WHERE hash ="
            " (SELECT embedded_hash FROM chunks WHERE text = 'The whales.')",
            (damage,),
        )
    corpus.engine_names = "memory-2"  # a fresh build
    with pytest.raises(Unpublished, match=r"1 embeddings .* damaged, the first is of b\.md: .*run"):
        corpus.add()
    assert corpus.folder.live() == 1
    report = corpus.add()
    assert (report.published, corpus.embedder.embedded) == (True, ["The whales."])
    assert tell_search(manifest(corpus, 2)).startswith("by its graph")
