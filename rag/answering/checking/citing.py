"""Citations: a span of a document as an exact quote, with the page and headings of that span."""

import re
from collections.abc import Iterator

from rag.domain import Chunk, Citation, Document, DocumentRef, Span
from rag.releases.folder import OpenRelease

HEADING_LINE = re.compile(r"^ {0,3}(#{1,6})[ \t]+(\S[^\n]*)$|^(`{3,}|~{3,})", re.M)
TABLE_RULE = re.compile(r"[ \t]*\|[-:| \t]+")
CLOSING = re.compile(r"[ \t]#+[ \t]*$")
Path = tuple[str, ...]


class CitationList:
    """The citations of one text: each quote once, numbered in the order in which it came."""

    def __init__(self, release: OpenRelease) -> None:
        self._release = release
        self._places: dict[tuple[str, Span], int] = {}
        self._citations: list[Citation] = []

    def place(self, document: DocumentRef, span: Span) -> int:
        """The index of the citation of that quote, which is added where it is new."""
        key = (document.id, span)
        if key not in self._places:
            self._places[key] = len(self._citations)
            self._citations.append(cite(len(self._citations) + 1, document, span, self._release))
        return self._places[key]

    def __iter__(self) -> Iterator[Citation]:
        return iter(self._citations)


def cite(number: int, document: DocumentRef, span: Span, release: OpenRelease) -> Citation:
    """The quote that is characters `span` of a document. Raises DocumentNotFound."""
    whole = release.documents.document(document.id)
    chunk = release.documents.chunk_at(document.id, span.start)
    return Citation(
        number=number,
        quote=whole.text[span.start : span.end],
        document=document,
        release=release.manifest.release,
        page=whole.page_at(span.start),
        span=span,
        heading=heading_at(span.start, chunk, whole) if chunk else (),
    )


def heading_at(offset: int, chunk: Chunk, document: Document) -> Path:
    """The headings above character `offset`, which stands in `chunk` or behind it.

    A chunk of several short sections names what they have in common, and one that begins within a
    table has its columns as the last heading.
    """
    path = chunk.heading
    if path and path[-1] == _columns_above(chunk, document.text):
        path = path[:-1]
    if not path:
        return ()
    line_end = document.text.find("\n", offset)
    own = _headings(document.text[chunk.span.start : line_end if line_end >= 0 else None])
    outer = [place for place, title in enumerate(path) if own and own[0].startswith(title)]
    return (*(path[: outer[-1]] if outer else path), *own)


def _headings(text: str) -> Path:
    """The path that the heading lines of a text lead to."""
    path: list[tuple[int, str]] = []
    fence = ""
    for line in HEADING_LINE.finditer(text):
        marks, title, opens = line.groups()
        if opens:
            fence = "" if fence and opens.startswith(fence) else fence or opens
        elif not fence:
            path = [step for step in path if step[0] < len(marks)]
            path.append((len(marks), CLOSING.sub("", title).strip()))
    return tuple(title for _, title in path)


def _columns_above(chunk: Chunk, text: str) -> str | None:
    """The columns of the table that a chunk begins within, as chunks name them."""
    if not chunk.text.startswith("|"):
        return None
    above = text[: chunk.span.start].split("\n")[:-1]
    rows: list[str] = []
    while above and above[-1].lstrip().startswith("|"):
        rows.append(above.pop())
    rows.reverse()
    if len(rows) < 2 or not TABLE_RULE.fullmatch(rows[1].rstrip()):
        return None
    cells = [cell.strip() for cell in rows[0].strip().strip("|").split("|")]
    return " | ".join(cell for cell in cells if cell)
