"""What nobody reads is skipped and what failed is quarantined, each looked into once."""

import bz2
import gzip
import lzma
import os
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from ingest.commands import limits_of
from ingest.corpus.blobs import Blob, BlobStore
from ingest.limits import Limits
from ingest.sources.source import Source
from ingest.terminal.reports import print_report
from rag.errors import ExtractionFailed, SettingsError, SourceSkipped
from rag.settings import load_settings
from tests.ingest.corpora import SmallCorpus
from tests.ingest.files import read
from tests.ingest.hostile import pdf

PROGRAM = b"\x7fELF" + bytes(60)
PICTURE = b"\x89PNG\r\n\x1a\n" + bytes(60)
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    ".gz": gzip.compress,
    ".bz2": bz2.compress,
    ".xz": lzma.compress,
}


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """An empty corpus beside an empty folder of sources."""
    return SmallCorpus(tmp_path)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of the sources that are opened."""
    names: list[str] = []
    store = BlobStore.store

    def note(self: BlobStore, source: Source) -> Blob:
        names.append(source.name)
        return store(self, source)

    monkeypatch.setattr(BlobStore, "store", note)
    return names


def test_what_nobody_reads_is_skipped_and_fails_nothing(corpus: SmallCorpus) -> None:
    corpus.write("a.md", "Some text.")
    corpus.write("program", PROGRAM)
    corpus.write("picture.png", PICTURE)
    corpus.write("packed.7z", b"7z\xbc\xaf\x27\x1c" + bytes(60))
    os.symlink("/etc/hostname", corpus.sources / "link.md")
    os.mkfifo(corpus.sources / "pipe.md")
    for name in (".hidden.md", ".git/config", ".plumblineignore", ".meta.json"):
        corpus.write(name, "{}" if name == ".meta.json" else "")
    corpus.write("left/out.md", "Text.")
    corpus.write("left/.plumblineignore", "*.md\n")
    report = corpus.add()
    assert (report.exit_code, report.reading.hidden) == (0, 2)
    reasons = corpus.reasons(report)
    assert report.counts == {"indexed": 1, "skipped": 5}
    assert reasons["program"] == "unsupported format (no suffix): a program"
    assert reasons["picture.png"] == "an image: read its text with --ocr"
    assert reasons["packed.7z"] == "unsupported format .7z: a 7z archive"
    assert reasons["link.md"] == "a symbolic link, not followed"
    assert reasons["pipe.md"] == "not a regular file"


def test_what_was_skipped_or_failed_is_opened_again_only_when_it_changes(
    corpus: SmallCorpus, opened: list[str]
) -> None:
    corpus.write("a.md", "Some text.")
    corpus.write("broken.pdf", b"%PDF-1.4 broken")
    corpus.write("program", PROGRAM)
    first = corpus.add()
    opened.clear()
    again = corpus.add()
    assert (again.exit_code, again.counts["quarantined"], opened) == (1, 1, [])
    assert corpus.reasons(again) == corpus.reasons(first)
    corpus.add(checksum=True)
    assert sorted(opened) == ["a.md", "broken.pdf", "program"]
    corpus.write("broken.pdf", pdf())
    assert corpus.add().exit_code == 0


def test_an_archive_that_failed_is_opened_again_only_when_it_changes(
    corpus: SmallCorpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    corpus.write("a.zip", b"PK\x03\x04garbage")
    assert corpus.states(corpus.add()) == {"a.zip": "quarantined"}
    monkeypatch.setattr("ingest.runs.expanding.ExtractionPool", None)
    assert corpus.states(corpus.add()) == {"a.zip": "quarantined"}


@pytest.mark.slow
def test_a_reader_that_ran_out_of_time_is_tried_again(
    corpus: SmallCorpus, opened: list[str]
) -> None:
    corpus.write("a.md", "Some text. " * 400_000)
    slow = Limits(wall_s=0.2, cpu_s=20)
    assert corpus.reasons(corpus.add(limits=slow))["a.md"] == "not read within 0 s"
    assert corpus.states(corpus.add())["a.md"] == "indexed"
    assert opened == ["a.md", "a.md"]


@pytest.mark.parametrize("suffix", PACKERS)
def test_a_file_that_is_packed_alone_is_read_as_what_it_was(tmp_path: Path, suffix: str) -> None:
    pack = PACKERS[suffix]
    found = read(tmp_path, f"notes.md{suffix}", pack(b"# Title\n\nText.\n"))
    assert (found.text, found.media_type, found.is_markdown) == (
        "# Title\n\nText.\n",
        "text/markdown",
        True,
    )
    assert read(tmp_path, f"README{suffix}", pack(b"Some text.")).text == "Some text."
    assert "Seen text." in read(tmp_path, f"a.pdf{suffix}", pack(pdf())).text
    with pytest.raises(SourceSkipped, match="a program"):
        read(tmp_path, f"program{suffix}", pack(PROGRAM))
    with pytest.raises(SourceSkipped, match="an archive inside an archive"):
        read(tmp_path, f"a.txt.gz{suffix}", pack(b"x"))
    with pytest.raises(ExtractionFailed, match="the content is text, not what"):
        read(tmp_path, f"a.txt{suffix}", b"Some text.")
    with pytest.raises(ExtractionFailed, match=f"damaged {suffix} file"):
        read(tmp_path, f"a.txt{suffix}", pack(os.urandom(10_000))[:-400])


@pytest.mark.slow
@pytest.mark.parametrize("suffix", PACKERS)
def test_a_bomb_that_is_packed_alone_is_refused_in_two_seconds(tmp_path: Path, suffix: str) -> None:
    content = PACKERS[suffix](bytes(200_000_000))
    began = time.process_time()
    with pytest.raises(ExtractionFailed, match="unpacks to more than"):
        read(tmp_path, f"a.txt{suffix}", content)
    assert time.process_time() - began < 2
    large = PACKERS[suffix](os.urandom(61_000_000)) if suffix == ".gz" else b""
    if large:
        with pytest.raises(ExtractionFailed, match="unpacks to more than 60 MB"):
            read(tmp_path, f"a.txt{suffix}", large)


def test_limits_come_from_settings_and_hold(corpus: SmallCorpus) -> None:
    given = {"RAG_FILE_MB": "1", "RAG_FILE_CHARACTERS": "1000", "RAG_ARCHIVE_FILES": "1"}
    limits = limits_of(load_settings(given))
    assert limits_of(load_settings({})) == Limits()
    corpus.write("large.md", bytes(1_000_001))
    corpus.write("long.md", "x" * 1001)
    with zipfile.ZipFile(corpus.sources / "many.zip", "w") as archive:
        for name in ("a.md", "b.md"):
            archive.writestr(name, "Some text.")
    assert corpus.reasons(corpus.add(limits=limits)) == {
        "large.md": "larger than 1 MB",
        "long.md": "more than 1,000 characters of text",
        "many.zip": "an archive of more than 1 files",
    }
    with pytest.raises(SettingsError, match="RAG_READER_MEMORY_MB is refused"):
        load_settings({"RAG_READER_MEMORY_MB": "0"})


def test_bytes_that_are_no_text_are_not_called_text(tmp_path: Path) -> None:
    with pytest.raises(ExtractionFailed, match=r"the content is binary data, not what \.pdf"):
        read(tmp_path, "a.pdf", b"\x93\x01\x00\xfe" * 100)


def test_the_lines_of_a_pdf_end_as_all_lines_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from ingest.adapters import kreuzberg

    read_pages = kreuzberg.read_pages
    monkeypatch.setattr(
        kreuzberg,
        "read_pages",
        lambda *at: read_pages(*at)._replace(texts=["One\r\nline.", "Two\rlines."]),
    )
    found = read(tmp_path, "a.pdf", pdf(pages=2))
    assert found.text == "One\nline.\n\nTwo\nlines."


def test_a_report_names_what_changed_groups_equal_reasons_and_repeats_no_note(
    corpus: SmallCorpus, capsys: pytest.CaptureFixture[str]
) -> None:
    for number in range(30):
        corpus.write(f"{number:02}.md", f"Text {number}.")
        corpus.write(f"{number:02}.bin", bytes([0, number]))
    corpus.write("odd.txt", "caf\u00e9 au lait".encode("latin-1"))
    print_report(corpus.add())
    first = capsys.readouterr().out.splitlines()
    assert "new: 00.md" in first and "new: and 11 more" in first
    assert any(
        line.startswith("skipped: 30 sources (00.bin, 01.bin, 02.bin, ...)") for line in first
    )
    assert any(line.startswith("indexed: odd.txt:") for line in first)
    corpus.write("00.md", "Another text.")
    (corpus.sources / "01.md").unlink()
    print_report(corpus.add())
    second = capsys.readouterr().out.splitlines()
    assert "changed: 00.md" in second and "removed: 01.md" in second
    assert not any("odd.txt" in line for line in second)
