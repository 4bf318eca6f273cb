"""`forget`: nothing of what was erased is left, and it does not come back."""

import json
from pathlib import Path

import pytest

from ingest import erasing, upkeep
from ingest.building import Engines
from ingest.ledger import open_ledger
from ingest.sources import scan
from rag.bootstrap import load_index_builders
from rag.errors import SourceNotFound
from tests.ingest.corpora import SmallCorpus

SECRET = "Marta Okonjo was paid 73,412 crowns for the wreck of the Plover in the year of the flood."
OTHER = "The timetable of the northern ferries changes on the first Monday of every April."


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """Three releases in real indexes, all of which hold a secret."""
    corpus = SmallCorpus(tmp_path)
    corpus.engines = lambda: Engines(*load_index_builders())
    corpus.write("secret.md", f"# Payments\n\n{SECRET}\n")
    corpus.write("copy of it.md", f"# Payments\n\n{SECRET}\n")
    for number in range(30):
        corpus.write(f"{number:02}.md", f"{OTHER} This is timetable {number}.\n")
    corpus.add()
    upkeep.pin(corpus.folder, 1, is_pinned=True)
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


def forget(corpus: SmallCorpus, name: str = "secret.md") -> erasing.Receipt:
    return erasing.forget(corpus.folder, corpus.workshop(), sources=[str(corpus.sources / name)])


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
    assert erasing.readmit(corpus.folder, scan([str(corpus.sources / "secret.md")])) == 2
    assert corpus.states(corpus.add())["secret.md"] == "indexed"


def test_an_erasure_that_was_cut_short_is_finished_by_the_next_run(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Cut(BaseException):
        pass

    def cut(*_: object, **__: object) -> None:
        raise Cut

    with monkeypatch.context() as patch:
        patch.setattr(erasing, "release", cut)
        with pytest.raises(Cut):
            forget(corpus)
    assert files_holding(corpus.folder.path, SECRET.encode()) != []
    report = corpus.add()
    assert (report.release, report.embedded) == (4, 0)
    assert files_holding(corpus.folder.path, SECRET.encode()) == []
    assert not corpus.add().published


def test_what_is_left_is_found_by_the_scan(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    stray = corpus.folder.path / "notes.txt"
    stray.write_text(SECRET)
    assert forget(corpus).residue == ("notes.txt",)


def test_a_preview_erases_nothing(corpus: SmallCorpus) -> None:
    rows = erasing.preview(corpus.folder, [str(corpus.sources / "secret.md")], [])
    assert [row.name for row in rows] == ["copy of it.md", "secret.md"]
    assert corpus.add().counts == {"unchanged": 32}


def test_what_nobody_knows_cannot_be_forgotten(corpus: SmallCorpus) -> None:
    with pytest.raises(SourceNotFound, match="knows no source"):
        forget(corpus, "absent.md")
    with pytest.raises(SourceNotFound, match="has the subject 'Nobody'"):
        erasing.forget(corpus.folder, corpus.workshop(), subjects=["Nobody"])
    assert corpus.folder.live() == 3


def test_documents_about_a_subject_are_forgotten_together(corpus: SmallCorpus) -> None:
    with open_ledger(corpus.folder.ledger) as ledger:
        for name, subject in (("03", "Anna Berg"), ("04", ["Anna Berg", "Jon Ek"]), ("05", "Anna")):
            ledger.database.execute(
                "UPDATE documents SET metadata = ? WHERE source = ?",
                (json.dumps({"subject": subject}), f"{name}.md"),
            )
    receipt = erasing.forget(corpus.folder, corpus.workshop(), subjects=["Anna Berg"])
    assert len(receipt.documents) == 2
    left = corpus.states(corpus.add())
    assert [left[f"{name}.md"] for name in ("03", "04", "05")] == [
        "removed",
        "removed",
        "unchanged",
    ]
