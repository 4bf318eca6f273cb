"""Files and folders that are hostile, deep, or labelled from above."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from ingest.sources.labels import Labels, read_labels
from ingest.sources.scanning import scan
from ingest.sources.selection import Selection
from ingest.sources.source import ScanOptions, Source
from rag.errors import ExtractionFailed, UsageError


@pytest.fixture
def docs(tmp_path: Path) -> Path:
    """A folder with a folder in it, whose files only `hr` may read."""
    folder = tmp_path / "docs"
    (folder / "in" / "deep").mkdir(parents=True)
    (folder / "in" / ".meta.json").write_text('{"acl": ["hr"]}')
    for name in ("a.md", "in/b.md", "in/deep/c.md"):
        (folder / name).write_text("Some text.")
    return folder


def look_at(argument: Path, options: ScanOptions | None = None) -> dict[str, Source]:
    return {source.path.name: source for source in scan([str(argument)], options).sources}


def readers(source: Source) -> tuple[str, ...]:
    return read_labels(Labels(), source.side_cars).access


@pytest.mark.parametrize("argument", ["in/b.md", "in/*.md", "*/*.md", "**/*.md", "in", "."])
def test_a_folder_restricts_its_files_whichever_argument_finds_them(
    docs: Path, argument: str
) -> None:
    assert readers(look_at(docs / argument)["b.md"]) == ("hr",)


def test_a_side_car_of_a_folder_between_is_not_lost_to_a_glob(docs: Path) -> None:
    (docs / "in" / "deep" / "c.md.meta.json").write_text('{"acl": ["board"]}')
    found = look_at(docs / "**" / "*.md")
    assert (readers(found["a.md"]), readers(found["c.md"])) == (("public",), ("board",))
    assert found["c.md"].stamp != found["b.md"].stamp != ""


@pytest.mark.parametrize(
    ("make", "reason"),
    [
        (os.mkfifo, "not a regular file"),
        (os.mkdir, "not a regular file"),
        (lambda path: os.symlink("/etc/hostname", path), "a symbolic link, not followed"),
        (lambda path: os.symlink("/nonexistent", path), "a symbolic link, not followed"),
        (lambda path: Path(path).write_text(" " * 64_001), "larger than 64,000 bytes"),
    ],
)
def test_a_side_car_that_is_no_small_file_quarantines_and_opens_nothing(
    docs: Path, make: object, reason: str
) -> None:
    assert callable(make)
    make(docs / "a.md.meta.json")
    source = look_at(docs)["a.md"]
    assert source.problem is None
    with pytest.raises(ExtractionFailed, match=f"side-car a.md.meta.json: {reason}"):
        read_labels(Labels(), source.side_cars)


def test_an_ignore_file_that_cannot_be_read_stops_the_run(docs: Path) -> None:
    os.mkfifo(docs / "in" / ".plumblineignore")
    with pytest.raises(UsageError, match=r"in/\.plumblineignore: not a regular file"):
        scan([str(docs)])


def test_no_ignore_file_brings_back_what_the_command_line_excludes(docs: Path) -> None:
    (docs / "in" / ".plumblineignore").write_text("!b.md\n")
    options = ScanOptions(Selection([], ["b.md"]))
    assert sorted(look_at(docs, options)) == ["a.md", "c.md"]


def test_folders_may_be_nested_as_deep_as_a_path_goes(tmp_path: Path) -> None:
    folders = [f"{tmp_path}{'/d' * depth}" for depth in range(1, 1201)]
    for folder in folders:
        os.mkdir(folder)
    file = Path(folders[-1], "a.md")
    file.write_text("Some text.")
    found = look_at(tmp_path)
    file.unlink()
    for folder in reversed(folders):
        os.rmdir(folder)
    assert list(found) == ["a.md"]


def test_a_file_that_goes_while_its_folder_is_listed_has_a_problem(
    docs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = os.scandir

    @contextmanager
    def list_then_delete(path: str) -> Iterator[list[os.DirEntry[str]]]:
        with listed(path) as entries:
            found = list(entries)
        if path == str(docs):
            (docs / "a.md").unlink()
        yield found

    monkeypatch.setattr(os, "scandir", list_then_delete)
    found = look_at(docs)
    assert str(found["a.md"].problem) == "No such file or directory"
    assert found["b.md"].problem is None
