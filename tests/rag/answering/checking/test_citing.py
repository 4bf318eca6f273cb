"""Citations: page and headings are those of the quote's own span."""

import pytest

from rag.adapters.memory.release import HashingEmbedder, memory_release
from rag.answering.checking.citing import CitationList, cite
from rag.domain import Chunk, Document, Page, Span
from rag.releases.folder import OpenRelease

TEXT = """# Leave

Everybody has leave.

## Parental

Parents have 26 weeks.

```
# no heading
```

It is paid.

## Sick ##

| Day | Paper |
|---|---|
| 1 | none |
| 4 | certificate |
"""
PAGES = (Page(1, Span(0, TEXT.index("It is paid"))), Page(2, Span(TEXT.index("It is"), len(TEXT))))


def make_release(*starts: tuple[str, tuple[str, ...]]) -> OpenRelease:
    """TEXT cut into chunks that begin with these words and name these headings."""
    document = Document("d", "v", "leave.md", "Leave", TEXT, "text/markdown", PAGES)
    at = [TEXT.index(words) for words, _ in starts]
    chunks = [
        Chunk(f"d-{start}", "d", Span(start, end), TEXT[start:end].rstrip(), None, heading)
        for start, end, (_, heading) in zip(at, [*at[1:], len(TEXT)], starts, strict=True)
    ]
    return memory_release("c", 3, documents=[document], chunks=chunks, embedder=HashingEmbedder())


@pytest.mark.parametrize(
    ("quote", "page", "heading"),
    [
        ("Everybody has leave.", 1, ("Leave",)),
        ("Parents have 26 weeks.", 1, ("Leave", "Parental")),
        ("It is paid.", 2, ("Leave", "Parental")),
        ("| 1 | none |", 2, ("Leave", "Sick")),
        ("| 4 | certificate |", 2, ("Leave", "Sick")),
    ],
)
@pytest.mark.parametrize(
    "starts",
    [
        [("# Leave", ("Leave",)), ("| 4", ("Leave", "Sick", "Day | Paper"))],
        [
            ("# Leave", ("Leave",)),
            ("## Parental", ("Leave", "Parental")),
            ("It is", ("Leave", "Parental")),
            ("## Sick", ("Leave", "Sick")),
            ("| 4", ("Leave", "Sick", "Day | Paper")),
        ],
    ],
    ids=["one chunk of three sections", "a chunk a section"],
)
def test_a_quote_has_the_page_and_headings_that_it_stands_under(
    starts: list[tuple[str, tuple[str, ...]]], quote: str, page: int, heading: tuple[str, ...]
) -> None:
    release = make_release(*starts)
    start = TEXT.index(quote)
    [reference] = release.documents.references()
    found = cite(1, reference, Span(start, start + len(quote)), release)
    assert (found.quote, found.page, found.heading) == (quote, page, heading)


def test_a_chunk_without_headings_gives_none() -> None:
    release = make_release(("# Leave", ()))
    [reference] = release.documents.references()
    assert cite(1, reference, Span(9, 20), release).heading == ()


def test_a_heading_that_a_chunk_shortens_is_named_once_in_full() -> None:
    release = make_release(("# Leave", ("Lea",)))
    [reference] = release.documents.references()
    assert cite(1, reference, Span(9, 20), release).heading == ("Leave",)


def test_a_quote_is_listed_once_and_numbered_as_it_came() -> None:
    release = make_release(("# Leave", ("Leave",)))
    [reference] = release.documents.references()
    citations = CitationList(release)
    places = [citations.place(reference, Span(start, 20)) for start in (9, 5, 9, 7)]
    assert places == [0, 1, 0, 2]
    assert [citation.number for citation in citations] == [1, 2, 3]
