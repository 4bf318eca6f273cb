"""Releases: made fresh or as changed copies, the same either way, sealed against damage."""

import json
import os
import sqlite3
from contextlib import nullcontext
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ingest.releases import building
from ingest.runs import upkeep
from rag.bootstrap import load_index_builders, open_release, open_release_parts
from rag.errors import ReleaseBroken, ReleaseNotFound, StorageError
from rag.probe import check_release
from rag.releases.manifest import Manifest
from rag.releases.seals import check_seal, damaged_files, is_complete
from tests.ingest.corpora import SmallCorpus

pytestmark = pytest.mark.slow

FACTS = [f"Fact {n}: the boat of pier {n} carries {n * 7} people and {n} dogs." for n in range(60)]


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """Sixty documents in real indexes."""
    corpus = SmallCorpus(tmp_path)
    corpus.engines = load_index_builders
    corpus.exact_up_to = 0
    for number, fact in enumerate(FACTS):
        corpus.write(f"{number:02}.md", f"# Pier {number}\n\n{fact}\n")
    return corpus


def manifest(corpus: SmallCorpus, number: int) -> Manifest:
    found = corpus.folder.manifest(number)
    assert found is not None
    return found


def searched(folder: Path, corpus: SmallCorpus) -> dict[str, list[str]]:
    """The texts that both indexes of a release find for each fact, best first."""
    release = open_release(folder)
    try:
        found = {}
        for fact in [*FACTS, "whales"]:
            vector = corpus.embedder.embed_queries([fact])[0]
            ids = [id_ for id_, _ in release.vectors.search(vector, 3)]
            ids += [id_ for id_, _ in release.lexical.search(fact, 3)]
            texts = release.documents.chunks(ids)
            found[fact] = [texts[id_][0].text for id_ in ids]
        return found
    finally:
        release.close()


def test_a_small_change_makes_a_changed_copy_that_equals_a_fresh_build(
    corpus: SmallCorpus,
) -> None:
    corpus.add()
    (corpus.sources / "07.md").unlink()
    corpus.write("08.md", "# Pier 8\n\nNo boat leaves pier 8 any more; whales live there.\n")
    corpus.write("new.md", "# New\n\nWhales are seen in spring.\n")
    report = corpus.add()
    changed = corpus.folder.release(2)
    assert (report.embedded, manifest(corpus, 2).based_on) == (2, 1)
    assert (manifest(corpus, 2).chunks, manifest(corpus, 2).replaced) == (60, 2)
    check_release(changed, thorough=True)
    corpus.rebuild()
    fresh = corpus.folder.release(3)
    assert (manifest(corpus, 3).based_on, manifest(corpus, 3).replaced) == (None, 0)
    assert manifest(corpus, 2).content_hash == manifest(corpus, 3).content_hash
    assert manifest(corpus, 2).chunk_ids_hash == manifest(corpus, 3).chunk_ids_hash
    assert searched(changed, corpus).keys() == searched(fresh, corpus).keys()
    for fact, texts in searched(changed, corpus).items():
        assert texts[0] == searched(fresh, corpus)[fact][0]
    assert not any(
        "pier 7 carries" in text for texts in searched(changed, corpus).values() for text in texts
    )


def test_a_chunk_that_stays_in_a_changed_document_is_neither_embedded_nor_lost(
    corpus: SmallCorpus,
) -> None:
    long = "\n\n".join(f"# Part {n}\n\n" + f"Sentence {n} about boats. " * 20 for n in range(5))
    corpus.write("long.md", long)
    corpus.add()
    corpus.write("long.md", "An opening line that is new.\n\n" + long)
    report = corpus.add()
    assert manifest(corpus, 2).based_on == 1
    assert report.embedded <= 2
    check_release(corpus.folder.release(2), thorough=True)
    release = open_release(corpus.folder.release(2))
    rows = release.documents.references()
    [document] = [r for r in rows if r.source == "long.md"]
    text = release.documents.document(document.id).text
    release.close()
    assert text.startswith("An opening line")


@pytest.mark.parametrize(("bent", "is_sound"), [(1, True), (2, False)])
def test_a_search_by_a_graph_may_lose_a_hundredth_of_the_chunks(
    corpus: SmallCorpus, bent: int, is_sound: bool
) -> None:
    corpus.add()
    release = corpus.folder.release(1)
    vectors = np.load(release / "vectors.npy")
    for row in range(bent):
        moved = vectors[row] + 0.05 * np.eye(len(vectors[row]))[row]
        vectors[row] = moved / np.linalg.norm(moved)
    np.save(release / "vectors.npy", vectors)
    lost = "does not find a chunk of 00.md, and 1 others of 60 tried"
    with nullcontext() if is_sound else pytest.raises(ReleaseBroken, match=lost):
        check_release(release, thorough=True)


def test_too_much_change_makes_a_fresh_build(corpus: SmallCorpus) -> None:
    corpus.add()
    for number in range(7):
        (corpus.sources / f"{number:02}.md").unlink()
    corpus.add()
    assert (manifest(corpus, 2).based_on, manifest(corpus, 2).replaced) == (None, 0)


def test_replaced_rows_add_up_until_a_fresh_build(corpus: SmallCorpus) -> None:
    corpus.add()
    for round_ in range(8):
        corpus.write("00.md", f"# Pier 0\n\nVersion {round_} of what is said about pier 0.\n")
        corpus.add()
    made = [manifest(corpus, number) for number in corpus.folder.numbers()]
    assert [m.release for m in made] == [7, 8, 9]
    assert [(m.based_on, m.replaced) for m in made] == [(6, 6), (None, 0), (8, 1)]


def test_a_lexical_index_is_linked_and_the_original_stays_as_it_was(corpus: SmallCorpus) -> None:
    corpus.add()
    before = searched(corpus.folder.release(1), corpus)
    corpus.write("new.md", "# New\n\nWhales are seen in spring.\n")
    corpus.add()
    first = {path.stat().st_ino for path in (corpus.folder.release(1) / "lexical").iterdir()}
    second = {path.stat().st_ino for path in (corpus.folder.release(2) / "lexical").iterdir()}
    assert first & second
    check_seal(corpus.folder.release(1))
    assert searched(corpus.folder.release(1), corpus) == before


def test_a_damaged_base_is_never_copied(corpus: SmallCorpus) -> None:
    corpus.add()
    vectors = corpus.folder.release(1) / "vectors.npy"
    content = bytearray(vectors.read_bytes())
    content[-5] ^= 1
    vectors.write_bytes(content)
    corpus.write("new.md", "# New\n\nWhales are seen in spring.\n")
    corpus.add()
    assert manifest(corpus, 2).based_on is None
    check_release(corpus.folder.release(2), thorough=True)


@pytest.mark.parametrize("name", ["vectors.npy", "documents.db", "manifest.json", "seal.json"])
def test_a_lost_or_cut_file_is_noticed_by_the_next_run_and_made_again(
    corpus: SmallCorpus, name: str
) -> None:
    corpus.add()
    damaged = corpus.folder.release(1) / name
    os.truncate(damaged, damaged.stat().st_size // 2)
    report = corpus.add()
    assert (report.release, report.embedded) == (2, 0)
    check_seal(corpus.folder.release(2))


def test_every_flipped_bit_is_seen(corpus: SmallCorpus) -> None:
    corpus.add()
    release = corpus.folder.release(1)
    opened = open_release_parts(release)  # Chroma writes a row into its database at each opening
    opened.close()
    assert damaged_files(release) == []
    names = json.loads((release / "seal.json").read_text())
    assert {"manifest.json", "documents.db", "vectors.npy", "chroma/chroma.sqlite3"} <= set(names)
    for name in names:
        path = release / name
        content = path.read_bytes()
        if not content:
            continue
        where = len(content) // 2
        path.write_bytes(content[:where] + bytes([content[where] ^ 4]) + content[where + 1 :])
        assert is_complete(release)
        if name != "chroma/chroma.sqlite3":  # half of its pages are free
            assert damaged_files(release) == [name]
        path.write_bytes(content)
    assert damaged_files(release) == []


def test_a_changed_row_of_chromas_database_is_seen(corpus: SmallCorpus) -> None:
    corpus.add()
    release = corpus.folder.release(1)
    with sqlite3.connect(release / "chroma" / "chroma.sqlite3") as database:
        database.execute("UPDATE embeddings SET embedding_id = 'x' WHERE rowid = 3")
    database.close()
    assert damaged_files(release) == ["chroma/chroma.sqlite3"]


def test_verify_names_what_is_wrong_with_which_release(corpus: SmallCorpus) -> None:
    corpus.add()
    corpus.write("new.md", "# New\n\nWhales are seen in spring.\n")
    corpus.add()
    (corpus.folder.release(1) / "vectors.npy").write_bytes(b"")
    first, second = upkeep.verify(corpus.folder)
    assert ("vectors.npy" in first.problem, second.problem) == (True, "")
    with pytest.raises(ReleaseNotFound):
        upkeep.verify(corpus.folder, 9)


def test_a_copy_in_which_chunks_cannot_be_found_is_built_fresh_instead(
    corpus: SmallCorpus,
) -> None:
    corpus.add()

    def refuse_copies(release: Path) -> None:
        if Manifest.from_json((release / "manifest.json").read_text()).based_on is not None:
            raise ReleaseBroken("the vector index does not find chunk x")

    corpus.verify = refuse_copies
    corpus.write("new.md", "# New\n\nWhales are seen in spring.\n")
    assert corpus.add().release == 2
    assert manifest(corpus, 2).based_on is None


def test_a_full_disk_is_noticed_before_anything_is_built(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.add()
    corpus.write("new.md", "# New\n\nWhales are seen in spring.\n")
    with monkeypatch.context() as patch:
        patch.setattr(building, "LEAST_FREE_BYTES", 1 << 60)
        with pytest.raises(
            StorageError, match=r"MB are free: make room, e.g. by `python -m ingest gc"
        ):
            corpus.add()
    assert (corpus.folder.live(), corpus.folder.numbers()) == (1, [1])
    assert corpus.add().release == 2


def test_a_rebuild_embeds_nothing_and_keeps_the_vectors(corpus: SmallCorpus) -> None:
    corpus.add()
    before = np.load(corpus.folder.release(1) / "vectors.npy")
    report = corpus.rebuild()
    assert (report.embedded, report.release, corpus.loads) == (0, 2, 1)
    assert (np.load(corpus.folder.release(2) / "vectors.npy") == before).all()


def test_another_version_of_an_engine_makes_a_fresh_build(corpus: SmallCorpus) -> None:
    corpus.add()
    corpus.engine_names = "memory-2"
    report = corpus.add()
    assert (report.release, report.embedded, manifest(corpus, 2).based_on) == (2, 0, None)


def test_pinned_releases_are_kept(corpus: SmallCorpus) -> None:
    corpus.add()
    upkeep.pin(corpus.folder, corpus.setup(), 1, is_pinned=True)
    for number in range(5):
        corpus.write("00.md", f"Version {number}.")
        corpus.add()
    assert corpus.folder.numbers() == [1, 4, 5, 6]
    upkeep.pin(corpus.folder, corpus.setup(), 1, is_pinned=False)
    freed = upkeep.collect_garbage(corpus.folder, replace(corpus.setup(), keep=1))
    assert (freed.releases, corpus.folder.numbers()) == ((1, 4, 5), [6])
    assert (freed.blobs, freed.embeddings) == (5, 5)
    assert freed.bytes > 0
    assert corpus.add().counts == {"unchanged": 60}
    with pytest.raises(ReleaseNotFound):
        upkeep.pin(corpus.folder, corpus.setup(), 9, is_pinned=True)


def test_words_of_a_hidden_document_are_not_counted_once_it_is_gone(corpus: SmallCorpus) -> None:
    corpus.write("secret.md", "# Quillfeather\n\nQuillfeather buys the northern pier.\n")
    corpus.write("secret.md.meta.json", json.dumps({"acl": ["board"]}))
    corpus.add()
    for name in ("secret.md", "secret.md.meta.json"):
        (corpus.sources / name).unlink()
    corpus.add()
    assert manifest(corpus, 2).based_on == 1
    release = open_release(corpus.folder.release(2))
    try:
        weights = release.lexical.term_weights("quillfeather qwertyuiopx")
    finally:
        release.close()
    assert len(set(weights.values())) == 1
