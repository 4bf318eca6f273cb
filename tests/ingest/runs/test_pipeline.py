"""Runs of `add`: what is read, embedded, published, removed and remembered."""

import json
import os
import sqlite3
from pathlib import Path

import pytest

from ingest.corpus.folder import writer_lock
from ingest.corpus.opening import open_ledger
from ingest.releases import publishing
from ingest.runs.outcomes import Unpublished
from rag.errors import ReleaseBroken, SourceNotFound, StorageError, WriterBusy
from tests.ingest.corpora import CountingEmbedder, Killed, SmallCorpus

LONG = "This paragraph says something about the matter at hand. " * 8


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """An empty corpus beside an empty folder of sources."""
    return SmallCorpus(tmp_path)


def release_rows(corpus: SmallCorpus, sql: str) -> list[tuple[object, ...]]:
    """Rows of the live release's documents.db."""
    path = corpus.folder.releases / f"{corpus.folder.live():06d}" / "documents.db"
    database = sqlite3.connect(path)
    try:
        return database.execute(sql).fetchall()
    finally:
        database.close()


def test_a_first_run_publishes_release_one_with_exact_chunks(corpus: SmallCorpus) -> None:
    corpus.write("a.md", f"# Title\r\n\r\nText.\r\n\r\n# Two\r\n{LONG}")
    corpus.write("deep/b.txt", LONG)
    report = corpus.add()
    assert (report.release, report.published, report.exit_code) == (1, True, 0)
    assert corpus.states(report) == {"a.md": "indexed", "deep/b.txt": "indexed"}
    rows = release_rows(
        corpus,
        'SELECT c.text, d.text, c.start, c."end", c.row FROM chunks c JOIN documents d'
        " ON d.id = c.document_id ORDER BY c.row",
    )
    assert [row[4] for row in rows] == list(range(report.chunks))
    for text, whole, start, end, _ in rows:
        assert isinstance(whole, str) and isinstance(start, int) and isinstance(end, int)
        assert whole[start:end] == text
    assert release_rows(corpus, "SELECT source, title FROM documents ORDER BY source") == [
        ("a.md", "Title"),
        ("deep/b.txt", "b"),
    ]


def test_an_unchanged_run_reads_embeds_and_publishes_nothing(corpus: SmallCorpus) -> None:
    path = corpus.write("a.md", LONG)
    written = path.stat().st_mtime_ns
    corpus.add()
    path.write_text(LONG.swapcase())
    os.utime(path, ns=(written, written))  # as if it had not been written to: nobody looks inside
    report = corpus.add()
    assert corpus.states(report) == {"a.md": "unchanged"}
    assert (report.release, report.published, report.embedded) == (1, False, 0)
    assert corpus.loads == 1


def test_a_touched_file_is_unchanged_and_loads_no_embedder(corpus: SmallCorpus) -> None:
    path = corpus.write("a.md", LONG)
    corpus.add()
    os.utime(path, ns=(5, 5))
    report = corpus.add()
    assert corpus.states(report) == {"a.md": "unchanged"}
    assert not report.published
    assert corpus.loads == 1


def test_an_edit_embeds_only_the_changed_chunks(corpus: SmallCorpus) -> None:
    corpus.write("a.md", f"# One\n\n{LONG}\n\n# Two\n\n{LONG}\n\n# Three\n\n{LONG}")
    assert corpus.add().embedded == 3
    corpus.write("a.md", f"# One\n\n{LONG}\n\n# Two\n\n{LONG} New end.\n\n# Three\n\n{LONG}")
    report = corpus.add()
    assert (report.embedded, report.release) == (1, 2)
    assert corpus.states(report) == {"a.md": "indexed"}
    assert "New end." in corpus.embedder.embedded[0]


def test_a_removed_source_is_gone_from_the_next_release(corpus: SmallCorpus) -> None:
    gone = corpus.write("a.md", LONG)
    corpus.write("b.md", "Another text.")
    corpus.add()
    gone.unlink()
    report = corpus.add()
    assert corpus.states(report) == {"a.md": "removed", "b.md": "unchanged"}
    assert release_rows(corpus, "SELECT source FROM documents") == [("b.md",)]
    assert "removed" not in corpus.add().counts


def test_sources_of_another_root_stay(corpus: SmallCorpus, tmp_path: Path) -> None:
    corpus.write("a.md", LONG)
    other = tmp_path / "other"
    other.mkdir()
    (other / "b.md").write_text("Another text.")
    corpus.add()
    corpus.add(other)
    assert release_rows(corpus, "SELECT source FROM documents") == [("a.md",), ("b.md",)]
    (corpus.sources / "a.md").unlink()
    corpus.write("c.md", "A third text.")
    assert corpus.states(corpus.add(other)) == {"b.md": "unchanged"}
    assert corpus.states(corpus.add()) == {"a.md": "removed", "c.md": "indexed"}


def test_a_file_that_left_a_glob_is_removed(corpus: SmallCorpus) -> None:
    gone = corpus.write("a.md", LONG)
    corpus.write("b.md", "Another text.")
    corpus.write("c.txt", "Not matched.")
    pattern = corpus.sources / "*.md"
    assert corpus.states(corpus.add(pattern)) == {"a.md": "indexed", "b.md": "indexed"}
    gone.unlink()
    assert corpus.states(corpus.add(pattern)) == {"a.md": "removed", "b.md": "unchanged"}


def test_a_folder_that_became_empty_is_refused_and_nothing_is_removed(corpus: SmallCorpus) -> None:
    path = corpus.write("a.md", LONG)
    corpus.add()
    path.unlink()
    with pytest.raises(SourceNotFound, match="holds no files"):
        corpus.add()
    assert release_rows(corpus, "SELECT source FROM documents") == [("a.md",)]


def test_the_same_content_twice_is_embedded_once_and_citable_from_both(corpus: SmallCorpus) -> None:
    corpus.write("a.md", LONG)
    corpus.write("b.md", LONG)
    report = corpus.add()
    assert corpus.states(report) == {"a.md": "indexed", "b.md": "duplicate"}
    assert (report.embedded, report.chunks) == (1, 2)
    assert len(set(release_rows(corpus, "SELECT document_id, id FROM chunks"))) == 2
    assert corpus.add().counts == {"unchanged": 2}


def test_two_names_equal_after_normalisation_are_two_documents(corpus: SmallCorpus) -> None:
    corpus.write("caf\u00e9.md", "One text.")
    corpus.write("cafe\u0301.md", "Another text.")
    corpus.write("CAFE\u0301.md", "A third text.")
    assert corpus.add().counts == {"indexed": 3}


def test_a_bad_file_is_quarantined_and_the_rest_published(corpus: SmallCorpus) -> None:
    corpus.write("good.md", LONG)
    corpus.write("program.pdf", b"MZ\x90\x00" + b"\0" * 100)
    corpus.write("blank.txt", " \n\t\n")
    report = corpus.add()
    assert corpus.states(report) == {
        "blank.txt": "empty",
        "good.md": "indexed",
        "program.pdf": "quarantined",
    }
    assert "a Windows program" in corpus.reasons(report)["program.pdf"]
    assert (report.exit_code, report.release) == (1, 1)
    again = corpus.add()
    assert again.counts == {"empty": 1, "quarantined": 1, "unchanged": 1}
    assert not again.published
    stored = [path for path in corpus.folder.blobs.rglob("*") if path.is_file()]
    assert [path.read_text() for path in stored] == [LONG]


def test_a_file_that_cannot_be_read_any_more_leaves_the_release(corpus: SmallCorpus) -> None:
    corpus.write("a.pdf.md", LONG)
    corpus.write("b.md", "Another text.")
    corpus.add()
    corpus.write("a.pdf.md", b"\x7fELF" + b"\0" * 100)
    assert corpus.states(corpus.add())["a.pdf.md"] == "quarantined"
    assert release_rows(corpus, "SELECT source FROM documents") == [("b.md",)]
    corpus.write("a.pdf.md", LONG)
    assert corpus.states(corpus.add())["a.pdf.md"] == "indexed"


def test_links_and_pipes_are_reported_and_never_opened(corpus: SmallCorpus) -> None:
    corpus.write("a.md", LONG)
    corpus.write(".hidden", LONG)
    os.symlink("/etc/hostname", corpus.sources / "link.txt")
    os.symlink(corpus.sources, corpus.sources / "loop")
    os.mkfifo(corpus.sources / "pipe.txt")
    report = corpus.add()
    assert corpus.reasons(report) == {
        "a.md": "",
        "link.txt": "a symbolic link, not followed",
        "loop": "a symbolic link, not followed",
        "pipe.txt": "not a regular file",
    }


def test_names_of_any_bytes_are_stored_escaped(corpus: SmallCorpus) -> None:
    raw = os.fsencode(corpus.sources)
    for name in (
        b"new\nline.md",
        "\N{PARTY POPPER}.md".encode(),
        b"bytes\xff.md",
        b"n" * 252 + b".md",
    ):
        with open(os.path.join(raw, name), "w") as stream:
            stream.write(name.hex())
    report = corpus.add()
    assert sorted(corpus.states(report)) == sorted(
        ["new\\nline.md", "\N{PARTY POPPER}.md", "bytes\\udcff.md", "n" * 252 + ".md"]
    )
    assert report.counts == {"indexed": 4}
    assert len(release_rows(corpus, "SELECT source FROM documents")) == 4


def test_a_killed_run_goes_on_where_it_stopped(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ingest.corpus.embedding.BATCH_TEXTS", 2)
    corpus.write("a.md", "\n\n".join(f"# Part {n}\n\n{LONG} {n}" for n in range(6)))
    corpus.embedder = CountingEmbedder(dies_after=2)
    with pytest.raises(Killed):
        corpus.add()
    assert corpus.folder.live() is None
    corpus.embedder = CountingEmbedder()
    report = corpus.add()
    assert (report.embedded, report.release) == (2, 1)
    assert corpus.states(report) == {"a.md": "indexed"}
    assert corpus.states(corpus.add()) == {"a.md": "unchanged"}


def test_another_embedder_embeds_everything_again(corpus: SmallCorpus) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    corpus.embedder.fingerprint = "hashing@2"
    report = corpus.add()
    assert (report.embedded, report.release) == (1, 2)
    assert corpus.states(report) == {"a.md": "unchanged"}


def test_another_chunker_cuts_the_stored_text_again(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    monkeypatch.setattr("ingest.corpus.setup.CHUNKER", "other@1")
    monkeypatch.setattr("ingest.text.chunking.TARGET_CHARACTERS", 100)
    report = corpus.add()
    assert report.release == 2
    assert report.chunks > 1


def test_a_second_writer_is_refused_by_name(corpus: SmallCorpus) -> None:
    corpus.write("a.md", LONG)
    with (
        writer_lock(corpus.folder, "2026-01-01T00:00:00Z"),
        pytest.raises(WriterBusy, match=rf"process {os.getpid()} since 2026-01-01"),
    ):
        corpus.add()
    assert corpus.add().release == 1


def test_a_release_that_fails_verification_never_goes_live(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    corpus.write("b.md", "Another text.")

    def refuse(release: Path) -> None:
        assert (release / "manifest.json").is_file()
        raise ReleaseBroken("does not find chunk x")

    with monkeypatch.context() as patch:
        patch.setattr(corpus, "verify", refuse)
        with pytest.raises(
            Unpublished, match="chunk x; what was read and embedded is kept"
        ) as seen:
            corpus.add()
    assert corpus.states(seen.value.report) == {"a.md": "unchanged", "b.md": "indexed"}
    assert corpus.folder.live() == 1
    assert list(corpus.folder.releases.glob(".build-*")) == []
    report = corpus.add()
    assert (report.release, corpus.states(report)["b.md"]) == (2, "indexed")


def test_the_last_three_releases_and_the_live_one_are_kept(corpus: SmallCorpus) -> None:
    for number in range(1, 6):
        corpus.write("a.md", f"Version {number}.")
        assert corpus.add().release == number
    assert corpus.folder.numbers() == [3, 4, 5]
    publishing.make_live(corpus.folder, 3)
    corpus.write("a.md", "Version 6.")
    assert corpus.add().release == 6
    assert corpus.folder.numbers() == [4, 5, 6]


def test_what_a_dead_run_left_half_built_is_removed(corpus: SmallCorpus) -> None:
    corpus.write("a.md", LONG)
    left = corpus.folder.releases / ".build-99999"
    left.mkdir(parents=True)
    (left / "vectors.npy").write_bytes(b"half")
    corpus.add()
    assert not left.exists()


def test_live_is_replaced_in_one_step(corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    corpus.write("a.md", "Another text.")

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", fail)
        with pytest.raises(StorageError, match="LIVE cannot be replaced"):
            corpus.add()
    assert (corpus.folder.path / "LIVE").read_text() == "1\n"
    assert corpus.add().release == 2
    assert (corpus.folder.path / "LIVE").read_text() == "2\n"


def test_an_edit_taken_back_before_it_was_published_leaves_all_unchanged(
    corpus: SmallCorpus,
) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    corpus.write("a.md", "Another text.")
    corpus.embedder = CountingEmbedder(dies_after=0)
    with pytest.raises(Killed):
        corpus.add()
    corpus.embedder = CountingEmbedder()
    corpus.write("a.md", LONG)
    assert not corpus.add().published
    assert corpus.states(corpus.add()) == {"a.md": "unchanged"}


@pytest.mark.parametrize("content", [None, "", "garbage", "99\n"])
def test_a_lost_live_file_is_made_again(corpus: SmallCorpus, content: str | None) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    live = corpus.folder.path / "LIVE"
    live.unlink() if content is None else live.write_text(content)
    report = corpus.add()
    assert (report.release, report.published, report.embedded) == (1, False, 0)
    assert live.read_text() == "1\n"


def test_a_damaged_ledger_is_refused(corpus: SmallCorpus) -> None:
    corpus.write("a.md", LONG)
    corpus.folder.path.mkdir(parents=True)
    corpus.folder.ledger.write_bytes(b"no database" * 1000)
    with pytest.raises(StorageError, match="the ledger"):
        corpus.add()


def test_runs_are_recorded_with_their_counts(corpus: SmallCorpus) -> None:
    corpus.write("a.md", LONG)
    corpus.add()
    with open_ledger(corpus.folder.ledger) as ledger:
        [(release, counts)] = ledger.database.execute("SELECT release, counts FROM runs").fetchall()
    assert (release, json.loads(counts)) == (1, {"indexed": 1})
