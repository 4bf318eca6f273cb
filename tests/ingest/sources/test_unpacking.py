"""Archives that are damaged, hostile, or made by careless programs."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from ingest.limits import Limits
from ingest.sources.archives import Member, member_sources, unpack
from ingest.sources.labels import Labels, read_labels
from ingest.sources.source import Source
from rag.errors import ExtractionFailed, SourceSkipped
from tests.ingest.corpora import SmallCorpus

ZIP_DATE_AT = 12
"""Where a central directory's entry holds its time and date."""


@pytest.fixture
def into(tmp_path: Path) -> Path:
    """The folder that is unpacked into."""
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def make_zip(path: Path, files: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> Path:
    with zipfile.ZipFile(path, "w", method) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def make_tar(path: Path, files: list[tuple[str, bytes]], **header: float) -> Path:
    suffix = path.suffix.removeprefix(".").replace("tgz", "gz").replace("tar", "")
    with tarfile.open(path, f"w:{suffix}") as archive:  # type: ignore[call-overload]  # any of them
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            for key, value in header.items():
                setattr(entry, key, value)
            archive.addfile(entry, io.BytesIO(content))
    return path


def sources_of(path: Path, members: list[Member]) -> list[Source]:
    return member_sources(Source(path.as_uri(), "file:///", path, path.name), members)


@pytest.mark.parametrize("suffix", [".zip", ".tar.gz", ".tar.bz2", ".tar.xz"])
@pytest.mark.parametrize("damage", [slice(2000, 3000), slice(300, 340), slice(5000, None)])
def test_damage_anywhere_is_named_and_never_crashes(
    tmp_path: Path, into: Path, suffix: str, damage: slice
) -> None:
    path, content = tmp_path / f"a{suffix}", os.urandom(8000)
    if suffix == ".zip":
        make_zip(path, {"a.md": content})
    else:
        make_tar(path, [("a.md", content)])
    packed = bytearray(path.read_bytes())
    packed[damage] = b"" if damage.stop is None else b"\xff" * (damage.stop - damage.start)
    path.write_bytes(packed)
    with pytest.raises(ExtractionFailed, match=r"damaged archive|method that is not read"):
        unpack(path, path.name, into)


def test_two_files_of_one_name_are_two_sources(tmp_path: Path, into: Path) -> None:
    path = make_tar(tmp_path / "a.tar", [("in/a.md", b"1"), ("./in/a.md", b"2"), ("in/a.md", b"3")])
    sources = sources_of(path, unpack(path, path.name, into))
    assert [source.name for source in sources] == [
        "a.tar/in/a.md",
        "a.tar/in/a (2).md",
        "a.tar/in/a (3).md",
    ]
    assert len({source.uri for source in sources}) == 3
    assert [source.path.read_bytes() for source in sources] == [b"1", b"2", b"3"]


def test_names_of_any_bytes_are_kept_apart_and_written_under_numbers(
    tmp_path: Path, into: Path
) -> None:
    names = [
        "bytes\udcff.md",
        "new\nline.md",
        "\N{PARTY POPPER}.md",
        "caf\u00e9.md",
        "cafe\u0301.md",
    ]
    path = make_tar(tmp_path / "a.tar", [(name, b"x") for name in names])
    sources = sources_of(path, unpack(path, path.name, into))
    assert [source.name for source in sources[:2]] == [
        "a.tar/bytes\\udcff.md",
        "a.tar/new\\nline.md",
    ]
    assert sources[0].uri.endswith("!/bytes%FF.md")
    assert len({source.uri for source in sources}) == 5
    assert sorted(each.name for each in into.iterdir()) == [f"{n:05}" for n in range(1, 6)]


@pytest.mark.parametrize("mtime", [-5.0, 1e30, 0.5])
def test_times_that_cannot_be_are_no_times(tmp_path: Path, into: Path, mtime: float) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        entry = tarfile.TarInfo("a.md")
        entry.pax_headers = {"mtime": str(mtime)}
        archive.addfile(entry, io.BytesIO())
    assert [member.mtime_ns for member in unpack(path, path.name, into)] == [0]


def test_a_zip_with_a_month_that_is_none_is_read(tmp_path: Path, into: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.md": b"Some text."})
    packed = bytearray(path.read_bytes())
    at = packed.find(b"PK\x01\x02") + ZIP_DATE_AT
    packed[at : at + 4] = b"\xff\xff\xff\xff"
    path.write_bytes(packed)
    assert [(each.name, each.mtime_ns) for each in unpack(path, path.name, into)] == [("a.md", 0)]


def test_what_is_passed_over_counts_as_well(tmp_path: Path, into: Path) -> None:
    path = make_tar(tmp_path / "a.tar.xz", [(".hidden", bytes(20_000_000)), ("a.md", b"x")])
    with pytest.raises(ExtractionFailed, match="100 times its size"):
        unpack(path, path.name, into)
    flood = make_tar(tmp_path / "b.tar.gz", [(f".{number}", b"") for number in range(10_001)])
    with pytest.raises(ExtractionFailed, match="more than 10,000 entries"):
        unpack(flood, flood.name, into)
    assert list(into.iterdir()) == []


def test_a_member_that_is_too_large_fails_alone(tmp_path: Path, into: Path) -> None:
    path = make_tar(tmp_path / "a.tar", [("a.md", bytes(1_000_001)), ("b.md", b"Some text.")])
    large, small = unpack(path, path.name, into, Limits(member_bytes=1_000_000))
    assert str(large.problem) == "larger than 1 MB"
    assert small.path.read_bytes() == b"Some text."


def test_members_that_are_locked_or_lead_elsewhere_are_named(tmp_path: Path, into: Path) -> None:
    path = make_zip(tmp_path / "a.zip", {"a.md": b"Some text."})
    packed = bytearray(path.read_bytes())
    for header, flags_at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
        packed[packed.find(header) + flags_at] |= 1
    path.write_bytes(packed)
    [locked] = unpack(path, path.name, into)
    assert str(locked.problem).startswith("encrypted")
    for kind in (tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE):
        with tarfile.open(tmp_path / "b.tar", "w") as archive:
            entry = tarfile.TarInfo("a.md")
            entry.type, entry.linkname = kind, "/etc/passwd"
            archive.addfile(entry)
        [member] = unpack(tmp_path / "b.tar", "b.tar", into)
        assert isinstance(member.problem, SourceSkipped)
        assert str(member.problem) == "not a regular file"


def test_side_cars_in_an_archive_restrict_its_members(tmp_path: Path, into: Path) -> None:
    files = {
        ".meta.json": b'{"acl": ["hr"]}',
        "a.md": b"Some text.",
        "in/b.md": b"Some text.",
        "in/b.md.meta.json": b'{"acl": ["board"]}',
    }
    path = make_zip(tmp_path / "a.zip", files)
    sources = sources_of(path, unpack(path, path.name, into))
    assert {each.name: read_labels(Labels(), each.side_cars).access for each in sources} == {
        "a.zip/a.md": ("hr",),
        "a.zip/in/b.md": ("board",),
    }
    make_zip(path, files | {".meta.json": b'{"acl": ["it"]}'})
    changed = sources_of(path, unpack(path, path.name, into))
    assert [each.stamp for each in changed] != [each.stamp for each in sources]


def test_a_side_car_that_is_locked_away_opens_nothing(tmp_path: Path, into: Path) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w") as archive:
        link = tarfile.TarInfo("a.md.meta.json")
        link.type, link.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(link)
        archive.addfile(tarfile.TarInfo("a.md"), io.BytesIO())
    [source] = sources_of(path, unpack(path, path.name, into))
    with pytest.raises(ExtractionFailed, match=r"side-car a\.md\.meta\.json: not a regular file"):
        read_labels(Labels(), source.side_cars)


def test_labels_in_an_archive_reach_the_corpus(tmp_path: Path) -> None:
    corpus = SmallCorpus(tmp_path)
    make_zip(corpus.sources / "a.zip", {"a.md": b"Some text.", "a.md.meta.json": b"[1]"})
    report = corpus.add()
    assert corpus.states(report) == {"a.zip/a.md": "quarantined"}
    make_zip(corpus.sources / "a.zip", {"a.md": b"Some text.", "a.md.meta.json": b"{}   "})
    assert corpus.states(corpus.add()) == {"a.zip/a.md": "indexed"}
    assert corpus.add().counts == {"unchanged": 1}


def test_an_archive_without_files_is_empty(tmp_path: Path) -> None:
    corpus = SmallCorpus(tmp_path)
    corpus.write("a.md", "First text.")
    make_zip(corpus.sources / "none.zip", {})
    assert corpus.states(corpus.add()) == {"a.md": "indexed", "none.zip": "empty"}
    assert corpus.states(corpus.add()) == {"a.md": "unchanged", "none.zip": "empty"}
