"""`forget`: nothing of what was erased is left, and it does not come back."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.corpus.opening import open_ledger
from ingest.releases import erasure
from ingest.releases.erasure import Receipt
from ingest.runs import erasing, upkeep
from ingest.sources.scanning import scan
from rag.bootstrap import load_index_builders, open_release
from rag.errors import SourceNotFound
from tests.ingest.corpora import CountingEmbedder, Killed, SmallCorpus

SECRET = "Marta Okonjo was paid 73,412 crowns for the wreck of the Plover in the year of the flood."
OTHER = "The timetable of the northern ferries changes on the first Monday of every April."


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """Three releases in real indexes, all of which hold a secret."""
    corpus = SmallCorpus(tmp_path)
    corpus.engines = load_index_builders
    corpus.write("secret.md", f"# Payments\n\n{SECRET}\n")
    corpus.write("copy of it.md", f"# Payments\n\n{SECRET}\n")
    for number in range(30):
        corpus.write(f"{number:02}.md", f"{OTHER} This is timetable {number}.\n")
    corpus.add()
    upkeep.pin(corpus.folder, corpus.setup(), 1, is_pinned=True)
    for number in range(2):
        corpus.write("00.md", f"{OTHER} Version {number}.\n")
        corpus.add()
    assert corpus.folder.numbers() == [1, 2, 3]
    return corpus


def files_holding(folder: Path, *needles: bytes) -> list[str]:
    """Names of the files below `folder` in which one of the byte strings stands."""
    return [
        path.name
        for path in sorted(folder.rglob("*"))
        if path.is_file() and any(needle in path.read_bytes() for needle in needles)
    ]


def forget(corpus: SmallCorpus, name: str = "secret.md") -> Receipt:
    return erasing.forget(corpus.folder, corpus.setup(), sources=[str(corpus.sources / name)])


def test_no_byte_of_a_forgotten_source_is_left(corpus: SmallCorpus) -> None:
    vector = corpus.embedder.embed_documents([f"Payments\n# Payments\n\n{SECRET}"])[0].tobytes()
    needles = (SECRET[:40].encode(), b"okonjo", b"secret.md", vector)
    held = files_holding(corpus.folder.path, *needles)
    assert {"ledger.db", "documents.db", "vectors.npy"} <= set(held)
    receipt = forget(corpus)
    assert files_holding(corpus.folder.path, *needles) == []
    assert receipt.residue == ()
    assert (receipt.release, receipt.releases_removed) == (4, (1, 2, 3))
    assert (len(receipt.sources), len(receipt.versions), len(receipt.documents)) == (2, 1, 2)
    assert (receipt.scanned_files > 5, receipt.embeddings) == (True, 3)
    assert corpus.folder.numbers() == [4]


def test_a_forgotten_source_does_not_come_back_under_any_name(corpus: SmallCorpus) -> None:
    forget(corpus)
    corpus.write("renamed.md", f"# Payments\n\n{SECRET}\n")
    report = corpus.add()
    states = corpus.states(report)
    assert [states[name] for name in ("secret.md", "copy of it.md", "renamed.md")] == [
        "removed"
    ] * 3
    assert "forgotten on 20" in corpus.reasons(report)["renamed.md"]
    assert report.exit_code == 0
    assert files_holding(corpus.folder.path, SECRET.encode()) == []


def test_a_lifted_tombstone_lets_a_source_in_again(corpus: SmallCorpus) -> None:
    forget(corpus)
    assert (
        erasing.readmit(corpus.folder, corpus.setup(), scan([str(corpus.sources / "secret.md")]))
        == 2
    )
    assert corpus.states(corpus.add())["secret.md"] == "indexed"


def test_an_erasure_that_was_cut_short_is_finished_by_the_next_run(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    class Cut(BaseException):
        pass

    def cut(*_: object, **__: object) -> None:
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(erasure, "release_without", cut)
        with pytest.raises(Cut):
            forget(corpus)
    assert files_holding(corpus.folder.path, SECRET.encode()) != []
    report = corpus.add()
    assert (report.release, report.embedded) == (4, 0)
    assert files_holding(corpus.folder.path, SECRET.encode()) == []
    [receipt] = erasing.receipts(corpus.folder)
    assert (receipt.is_clean, receipt.release, receipt.releases_removed) == (True, 4, (1, 2, 3))
    assert f"is finished now: `receipts {receipt.id}`" in caplog.text
    assert not corpus.add().published


def test_a_preview_erases_nothing(corpus: SmallCorpus) -> None:
    rows = erasing.preview(corpus.folder, [str(corpus.sources / "secret.md")], [])
    assert [row.name for row in rows] == ["copy of it.md", "secret.md"]
    assert corpus.add().counts == {"unchanged": 32}


def test_what_nobody_knows_cannot_be_forgotten(corpus: SmallCorpus) -> None:
    with pytest.raises(SourceNotFound, match="knows no source"):
        forget(corpus, "absent.md")
    with pytest.raises(SourceNotFound, match="has the subject 'Nobody'"):
        erasing.forget(corpus.folder, corpus.setup(), subjects=["Nobody"])
    assert corpus.folder.live() == 3


def test_documents_about_a_subject_are_forgotten_together(corpus: SmallCorpus) -> None:
    for name, subject in (("03", "Anna Berg"), ("04", ["Anna Berg", "Jon Ek"]), ("05", "Anna")):
        corpus.write(f"{name}.md.meta.json", json.dumps({"subject": subject}))
    corpus.add()
    receipt = erasing.forget(corpus.folder, corpus.setup(), subjects=["Anna Berg"])
    assert len(receipt.documents) == 2
    left = corpus.states(corpus.add())
    assert [left[f"{name}.md"] for name in ("03", "04", "05")] == [
        "removed",
        "removed",
        "unchanged",
    ]


FIRST = "Jane Roe was seen at the clinic of Saltmarsh on the ninth of May, with a broken wrist."
SECOND = "The clinic of Saltmarsh opens at eight, but for the first Thursday of every month."


def rewrite(corpus: SmallCorpus, content: str) -> None:
    """A source whose first version holds FIRST, and whose second one is `content`."""
    corpus.write("jane.md", f"# Notes\n\n{FIRST}\n")
    corpus.add()
    corpus.write("jane.md", content)
    corpus.add()


@pytest.mark.parametrize(
    "content",
    [f"# Hours\n\n{SECOND}\n", "", f"# Notes\n\n{FIRST}\n\n{SECOND}\n"],
    ids=["rewritten", "emptied", "edited"],
)
def test_earlier_versions_are_forgotten_with_the_last(corpus: SmallCorpus, content: str) -> None:
    rewrite(corpus, content)
    assert files_holding(corpus.folder.path / "blobs", FIRST.encode()) != []
    receipt = forget(corpus, "jane.md")
    assert receipt.is_clean
    assert files_holding(corpus.folder.path, FIRST.encode(), SECOND.encode(), b"jane.md") == []
    assert len(receipt.versions) == (1 if not content else 2)


def test_a_source_that_was_deleted_first_can_be_forgotten(corpus: SmallCorpus) -> None:
    rewrite(corpus, f"# Hours\n\n{SECOND}\n")
    (corpus.sources / "jane.md").unlink()
    for number in range(4):
        corpus.write("01.md", f"{OTHER} Version {number}.\n")
        corpus.add()
    assert files_holding(corpus.folder.path, FIRST.encode()) != []
    assert [each.because for each in erasing.preview(corpus.folder, [jane(corpus)], [])] == [
        "removed before"
    ]
    assert forget(corpus, "jane.md").is_clean
    assert files_holding(corpus.folder.path, FIRST.encode(), SECOND.encode()) == []


def jane(corpus: SmallCorpus) -> str:
    return str(corpus.sources / "jane.md")


def test_the_history_ends_with_the_last_copy(corpus: SmallCorpus) -> None:
    rewrite(corpus, f"# Hours\n\n{SECOND}\n")
    (corpus.sources / "jane.md").unlink()
    corpus.add()
    upkeep.collect_garbage(corpus.folder, replace(corpus.setup(), keep=1))
    assert files_holding(corpus.folder.path, FIRST.encode(), SECOND.encode()) == []
    with pytest.raises(SourceNotFound, match="no release or original of it is kept"):
        forget(corpus, "jane.md")


def test_originals_of_a_kept_release_are_kept_with_it(corpus: SmallCorpus) -> None:
    rewrite(corpus, f"# Hours\n\n{SECOND}\n")
    upkeep.collect_garbage(corpus.folder, corpus.setup())
    assert files_holding(corpus.folder.path / "blobs", FIRST.encode()) != []


def test_what_an_older_ledger_forgot_is_found_in_the_releases(corpus: SmallCorpus) -> None:
    rewrite(corpus, f"# Hours\n\n{SECOND}\n")
    (corpus.sources / "jane.md").unlink()
    corpus.add()
    with open_ledger(corpus.folder.ledger) as ledger:
        ledger.database.execute("DELETE FROM versions WHERE name = 'jane.md'")
    assert forget(corpus, "jane.md").is_clean
    assert files_holding(corpus.folder.path, FIRST.encode(), SECOND.encode()) == []


def test_a_release_that_never_held_any_of_it_is_kept(corpus: SmallCorpus) -> None:
    assert corpus.rebuild().release == 4
    corpus.write("jane.md", f"# Notes\n\n{FIRST}\n")
    corpus.add()
    receipt = forget(corpus, "jane.md")
    assert (receipt.is_clean, receipt.releases_removed) == (True, (3, 5))
    assert corpus.folder.numbers() == [1, 4, 6]


def test_an_empty_source_that_is_forgotten_keeps_no_other_out(corpus: SmallCorpus) -> None:
    corpus.write("empty.md", "")
    corpus.add()
    assert forget(corpus, "empty.md").is_clean
    corpus.write("also empty.md", "")
    assert corpus.states(corpus.add())["also empty.md"] == "empty"


def test_what_stays_is_named_where_it_holds_the_same_text(corpus: SmallCorpus) -> None:
    rewrite(corpus, f"# Hours\n\n{SECOND}\n")
    corpus.write("hours.md", f"# All about the clinic\n\n{SECOND}\n")
    corpus.add()
    receipt = forget(corpus, "jane.md")
    assert receipt.is_clean
    assert erasing.name_sources(corpus.folder, receipt.shared) == ["hours.md"]
    assert files_holding(corpus.folder.path, FIRST.encode()) == []


def test_a_stray_copy_is_looked_for_until_it_is_gone(
    corpus: SmallCorpus, caplog: pytest.LogCaptureFixture
) -> None:
    stray = corpus.folder.path / "notes.txt"
    stray.write_text(SECRET)
    receipt = forget(corpus)
    assert (receipt.residue, receipt.is_clean) == (("notes.txt",), False)
    assert corpus.add().release == receipt.release
    assert not erasing.receipts(corpus.folder)[0].is_clean
    assert "is not finished, some of it is still in notes.txt" in caplog.text
    stray.unlink()
    upkeep.collect_garbage(corpus.folder, corpus.setup())
    [kept] = erasing.receipts(corpus.folder)
    assert (kept.id, kept.is_clean, kept.releases_removed) == (receipt.id, True, (1, 2, 3))
    assert files_holding(corpus.folder.path, SECRET.encode()) == []


def test_receipts_hold_hashes_alone(corpus: SmallCorpus) -> None:
    first, second = forget(corpus), forget(corpus, "00.md")
    assert erasing.receipts(corpus.folder) == [first, second]
    text = (corpus.folder.path / "ledger.db").read_bytes()
    assert not any(word in text for word in (b"secret.md", b"Okonjo", b"00.md"))


def test_the_judges_cache_goes_with_an_erasure(corpus: SmallCorpus) -> None:
    cache = corpus.folder.path.parent.parent / "judge-cache.db"
    cache.write_text(SECRET)
    forget(corpus)
    assert not cache.exists()


def test_what_was_told_apart_from_a_forgotten_source_has_its_plain_name(
    corpus: SmallCorpus, tmp_path: Path
) -> None:
    for number, root in enumerate((tmp_path / "n1", tmp_path / "n2")):
        root.mkdir()
        (root / "guide.md").write_text(f"# Guide\n\nThis is the guide of boat {number}.\n")
        corpus.add(root)
    with pytest.raises(SourceNotFound, match=r"n1/guide.md, n2/guide.md may be meant"):
        erasing.forget(corpus.folder, corpus.setup(), sources=["guide.md"])
    guide = str(tmp_path / "n1" / "guide.md")
    assert [each.name for each in erasing.preview(corpus.folder, [guide], [])] == ["n1/guide.md"]
    erasing.forget(corpus.folder, corpus.setup(), sources=[guide])
    corpus.add(tmp_path / "n2")
    release = open_release(corpus.folder.release(corpus.folder.live() or 0))
    sources = {reference.source for reference in release.documents.references()}
    release.close()
    assert ("guide.md" in sources, "n2/guide.md" in sources) == (True, False)


def test_an_erasure_makes_nothing_else_live(corpus: SmallCorpus) -> None:
    for number in range(2, 30):
        (corpus.sources / f"{number:02}.md").unlink()
    assert corpus.add().shrunk
    assert forget(corpus).is_clean
    manifest = corpus.folder.manifest(corpus.folder.live())
    assert manifest and manifest.documents == 30


def test_an_erasure_does_not_wait_for_texts_that_no_run_has_embedded(corpus: SmallCorpus) -> None:
    corpus.write("new.md", "# New\n\nWhales are seen in spring.\n")
    corpus.embedder = CountingEmbedder(dies_after=0)
    with pytest.raises(Killed):
        corpus.add()
    assert forget(corpus).is_clean
    corpus.embedder = CountingEmbedder()
    assert corpus.add().published


@pytest.mark.parametrize("damaged", ["documents.db", "manifest.json"])
def test_an_erasure_from_a_damaged_release_leaves_nothing_of_it(
    corpus: SmallCorpus, damaged: str
) -> None:
    for number in corpus.folder.numbers():
        (corpus.folder.release(number) / damaged).write_bytes(b"?")
    receipt = forget(corpus)
    assert (receipt.is_clean, receipt.release) == (True, None)
    assert files_holding(corpus.folder.path, SECRET[:40].encode()) == []
    assert corpus.add().published
