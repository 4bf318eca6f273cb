"""The words as types."""

import pytest

from rag.domain import Document, Page, Span, check_corpus_name
from rag.errors import InvalidCorpusName
from rag.releases.manifest import Manifest, hash_ids

MANIFEST = Manifest(
    format=1,
    corpus="handbook",
    release=3,
    created="2026-01-01T00:00:00Z",
    documents=2,
    chunks=9,
    dimensions=384,
    language="english",
    embedder="e",
    embedder_precision="fp32",
    chunker="c",
    content_hash="h",
    chunk_ids_hash="i",
)


@pytest.mark.parametrize("name", ["handbook", "a", "a-b_c9", "9" * 63])
def test_a_plain_name_is_allowed(name: str) -> None:
    assert check_corpus_name(name) == name


@pytest.mark.parametrize("name", ["", "A", "-a", "a b", "../etc", "a/b", "é", "a" * 64, "a\n"])
def test_a_name_that_is_no_folder_everywhere_is_refused(name: str) -> None:
    with pytest.raises(InvalidCorpusName):
        check_corpus_name(name)


def test_a_manifest_survives_its_json_and_ignores_what_a_newer_writer_adds() -> None:
    text = MANIFEST.to_json().replace('"format"', '"later": 1, "format"')
    assert Manifest.from_json(text) == MANIFEST


@pytest.mark.parametrize("text", ["", "[]", "{}", "{", "null"])
def test_what_is_no_manifest_is_a_value_error(text: str) -> None:
    with pytest.raises(ValueError):
        Manifest.from_json(text)


def test_the_page_of_an_offset_is_the_last_that_began() -> None:
    pages = (Page(1, Span(0, 10)), Page(2, Span(10, 30)))
    document = Document("i", "v", "s", "t", "x" * 30, "application/pdf", pages)
    assert [document.page_at(at) for at in (0, 9, 10, 29)] == [1, 1, 2, 2]


def test_hash_of_ids_does_not_depend_on_their_order() -> None:
    assert hash_ids(["b", "a"]) == hash_ids(["a", "b"]) != hash_ids(["a"])
