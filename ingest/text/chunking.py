"""Chunks along the structure of a text, exact spans that never exceed the embedder's window."""

import hashlib
import json
import re
from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from ingest.text.structure import Block, parse_markdown, parse_plain
from rag.domain import Chunk, Page, Span
from rag.ports import TokenCounter
from rag.text.sentences import split_sentences, trim

TARGET_CHARACTERS = 700
TINY_CHARACTERS = 200
CHUNKER = f"structure-{TARGET_CHARACTERS}@1"
PARAGRAPH_BREAK = re.compile(r"\n[ \t\r]*\n")
LINE_BREAK = re.compile(r"\n")
WHITE = re.compile(r"\s")


@dataclass(frozen=True, slots=True)
class Draft:
    """A chunk before it has an id: a span and the heading path it stands under."""

    start: int
    end: int
    heading: tuple[str, ...] = ()


def draft_chunks(text: str, *, is_markdown: bool, pages: Sequence[Page] = ()) -> list[Draft]:
    """Spans of at most TARGET_CHARACTERS that cover all that is not white space, in order.

    They end where a section or page ends, else after a paragraph, sentence, word or character.
    """
    blocks = parse_markdown(text) if is_markdown else parse_plain(text)
    if pages:
        blocks = list(_cut_at_pages(blocks, [page.span.start for page in pages[1:]]))
    starts = {page.span.start for page in pages}
    drafts: list[Draft] = []
    for section in _sections(blocks, starts):
        drafts += _pack(text, section)
    return _merge_tiny(text, drafts, starts)


def _cut_at_pages(blocks: list[Block], starts: list[int]) -> Iterator[Block]:
    at = 0
    for block in blocks:
        while at < len(starts) and starts[at] <= block.span.start:
            at += 1
        start = block.span.start
        while at < len(starts) and starts[at] < block.span.end:
            yield replace(block, span=Span(start, starts[at]))
            start = starts[at]
            at += 1
        yield replace(block, span=Span(start, block.span.end))


def _sections(blocks: list[Block], page_starts: set[int]) -> Iterator[list[Block]]:
    """Runs of blocks under one heading path and on one page; a bare heading joins what follows."""
    section: list[Block] = []
    for block in blocks:
        if section and _begins_section(block, section[-1], page_starts):
            yield section
            section = []
        section.append(block)
    if section:
        yield section


def _begins_section(block: Block, before: Block, page_starts: set[int]) -> bool:
    if block.span.start in page_starts:
        return True
    if block.kind != "heading":
        return False
    is_bare_parent = before.kind == "heading" and len(block.heading) > len(before.heading)
    return not is_bare_parent


def _pack(text: str, section: list[Block]) -> Iterator[Draft]:
    start = end = -1
    heading: tuple[str, ...] = ()
    for block in section:
        for part in _parts(text, block):
            if start >= 0 and part.end - start > TARGET_CHARACTERS:
                yield Draft(start, end, heading)
                start = -1
            if start < 0:
                start, heading = part.start, _heading_of(block, section)
            end = part.end
    if start >= 0:
        yield Draft(start, end, heading)


def _heading_of(block: Block, section: list[Block]) -> tuple[str, ...]:
    path = section[-1].heading
    return (*path, block.columns) if block.columns else path


def _parts(text: str, block: Block) -> Iterator[Span]:
    span = trim(text, block.span)
    if span.end - span.start <= TARGET_CHARACTERS:
        if span.start < span.end:
            yield span
        return
    inner = text[span.start : span.end]
    pieces = _split_lines(inner) if block.kind == "fence" else split_sentences(inner)
    for piece in pieces:
        yield from _split_words(text, Span(span.start + piece.start, span.start + piece.end))


def _split_lines(text: str) -> Iterator[Span]:
    at = 0
    for line in text.splitlines(keepends=True):
        yield Span(at, at + len(line))
        at += len(line)


def _split_words(text: str, span: Span) -> Iterator[Span]:
    start = span.start
    while span.end - start > TARGET_CHARACTERS:
        window = text[start : start + TARGET_CHARACTERS]
        cut = max((match.end() for match in WHITE.finditer(window)), default=TARGET_CHARACTERS)
        piece = trim(text, Span(start, start + cut))
        if piece.start < piece.end:
            yield piece
        start += cut
    piece = trim(text, Span(start, span.end))
    if piece.start < piece.end:
        yield piece


def _merge_tiny(text: str, drafts: list[Draft], page_starts: set[int]) -> list[Draft]:
    merged: list[Draft] = []
    for draft in drafts:
        if merged and draft.start not in page_starts and _belong_together(merged[-1], draft):
            heading = _common(merged[-1].heading, draft.heading)
            merged[-1] = Draft(merged[-1].start, draft.end, heading)
        else:
            merged.append(draft)
    return merged


def _belong_together(first: Draft, second: Draft) -> bool:
    if second.end - first.start > TARGET_CHARACTERS:
        return False
    if min(first.end - first.start, second.end - second.start) >= TINY_CHARACTERS:
        return False
    shared = len(_common(first.heading, second.heading))
    deepest = max(len(first.heading), len(second.heading))
    return shared >= max(deepest - 1, min(deepest, 1))


def _common(first: tuple[str, ...], second: tuple[str, ...]) -> tuple[str, ...]:
    shared = 0
    while shared < min(len(first), len(second)) and first[shared] == second[shared]:
        shared += 1
    return first[:shared]


def fit_window(text: str, drafts: Sequence[Draft], counter: TokenCounter) -> list[Draft]:
    """`drafts` with long heading paths shortened, and split until each fits `max_tokens`."""
    pending = _shorten_headings(drafts, counter)
    fitting: list[Draft] = []
    while pending:
        counts = counter.count_tokens([_embedded_text(text, draft) for draft in pending])
        too_long: list[Draft] = []
        for draft, tokens in zip(pending, counts, strict=True):
            if tokens <= counter.max_tokens or draft.end - draft.start == 1:
                fitting.append(draft)
            else:
                too_long += _halve(text, draft)
        pending = too_long
    return sorted(fitting, key=lambda draft: draft.start)


def _embedded_text(text: str, draft: Draft) -> str:
    span = Span(draft.start, draft.end)
    return Chunk("", "", span, text[draft.start : draft.end], None, draft.heading).embedded_text


def _shorten_headings(drafts: Sequence[Draft], counter: TokenCounter) -> list[Draft]:
    paths = list(dict.fromkeys(draft.heading for draft in drafts if draft.heading))
    short = {path: path for path in paths}
    long = paths
    while long:
        counts = counter.count_tokens([" > ".join(short[path]) for path in long])
        long = [
            path
            for path, tokens in zip(long, counts, strict=True)
            if tokens > counter.max_tokens // 4
        ]
        for path in long:
            kept = short[path]
            short[path] = kept[1:] if len(kept) > 1 else tuple(filter(None, (_half(kept[0]),)))
    return [replace(draft, heading=short.get(draft.heading, ())) for draft in drafts]


def _half(title: str) -> str:
    half = title[: len(title) // 2]
    return (half.rpartition(" ")[0] or half).rstrip()


def _halve(text: str, draft: Draft) -> list[Draft]:
    quarter = (draft.end - draft.start) // 4
    middle = (draft.start + draft.end) // 2
    low, high = draft.start + quarter, draft.end - quarter
    cut = (
        min(_cuts(text[low:high]), key=lambda at: abs(low + at - middle), default=middle - low)
        + low
    )
    halves = (trim(text, Span(draft.start, cut)), trim(text, Span(cut, draft.end)))
    return [Draft(half.start, half.end, draft.heading) for half in halves if half.start < half.end]


def _cuts(text: str) -> list[int]:
    """Where `text` can best be cut: between paragraphs, else lines, sentences or words."""
    for pattern in (PARAGRAPH_BREAK, LINE_BREAK):
        if cuts := [match.start() for match in pattern.finditer(text)]:
            return cuts
    starts = [span.start for span in split_sentences(text)[1:]]
    return starts or [match.start() for match in WHITE.finditer(text)]


def make_chunks(
    document_id: str, text: str, drafts: Sequence[Draft], pages: Sequence[Page] = ()
) -> list[Chunk]:
    """Chunks with ids that come from document, heading and text, and so survive edits elsewhere."""
    starts = [page.span.start for page in pages]
    seen: Counter[str] = Counter()
    chunks: list[Chunk] = []
    for draft in drafts:
        piece = text[draft.start : draft.end]
        content = json.dumps([document_id, draft.heading, piece])
        digest = hashlib.sha256(f"{content}\0{seen[content]}".encode()).hexdigest()
        seen[content] += 1
        at = bisect_right(starts, draft.start) - 1
        page = pages[at].number if at >= 0 else None
        span = Span(draft.start, draft.end)
        chunks.append(Chunk(digest[:20], document_id, span, piece, page, draft.heading))
    return chunks
