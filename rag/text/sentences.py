"""Sentences as exact spans of a text: of prose, lists, tables and headings alike."""

import re
from collections.abc import Iterator

from rag.domain import Span
from rag.text.normalization import LETTER_WITHOUT_SPACES

ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        "al approx art ca capt cf dept dr e.g eq est etc ext fig i.e inc jr ltd max min mr mrs ms "
        "no nos nr p pp prof resp sec sr st tel vol vs z.b d.h bzw u.s abs evtl ggf inkl o.ä s.o "
        "s.u str u.a usw vgl zzgl av mlle mme p.ex éd núm pág sra ud uds ecc sig "
        "т.д т.\u0435 т.к т.п гл др им напр \u0440\u0443\u0431 см стр тел ул",
    )
)
BLOCK_BREAK = re.compile(r"\n(?=[ \t]*(?:\n|[-*+•·] |\d{1,3}[.)] |#{1,6} |\||>|```))")
OWN_LINE = re.compile(r"[ \t]*(?:#{1,6} |\||>)")
CLOSERS = r"""["'”’»)\]*_」』）】》]*"""
ENDS_ANYWHERE = "。！？｡।॥؟\u06d4።។။"
STOP = re.compile(
    rf"[.!?…]{CLOSERS}(?=\s)|[{ENDS_ANYWHERE}]+{CLOSERS}|\uff0e(?!\d){CLOSERS}"
    rf"|(?<=[^\W\d_A-Za-zÀ-ɏͰ-ӿ])[!?]+{CLOSERS}"
)
CLAUSE = re.compile(r"[，、；：,;:)）」』]+|\s+")
LONG = 200
"""Characters above which a sentence written without spaces is cut where a clause ends."""
LAST_WORD = re.compile(r"[\w.]*\w$")
MONTH = re.compile(
    "Januar|Jänner|Februar|März|April|Mai|Juni|Juli|August|September|Oktober|November|Dezember"
)


def split_sentences(text: str) -> list[Span]:
    """Spans of the sentences of `text`, in order, trimmed; together they hold all its words.

    A heading and a table row end with their line, a list item before the next; wrapped lines go on.
    """
    spans: list[Span] = []
    for block in _blocks(text):
        start = block.start
        for stop in STOP.finditer(text, block.start, block.end):
            if _ends_sentence(text, stop, start, block.end):
                spans.append(Span(start, stop.end()))
                start = stop.end()
        spans.append(Span(start, block.end))
    trimmed = (trim(text, part) for span in spans for part in _clauses(text, span))
    return [span for span in trimmed if span.start < span.end]


def _clauses(text: str, span: Span) -> Iterator[Span]:
    """The sentence, or where it is long and written without spaces its parts of whole clauses."""
    if not _is_long_without_spaces(text, span):
        yield span
        return
    start = last = span.start
    for mark in CLAUSE.finditer(text, span.start, span.end):
        if mark.end() - start > LONG and last > start:
            yield Span(start, last)
            start = last
        last = mark.end()
    if span.end - start > LONG and start < last < span.end:
        yield Span(start, last)
        start = last
    yield Span(start, span.end)


def _is_long_without_spaces(text: str, span: Span) -> bool:
    length = span.end - span.start
    if length <= LONG or text[span.start : span.end].isascii():
        return False
    letters = sum(1 for _ in LETTER_WITHOUT_SPACES.finditer(text, span.start, span.end))
    return letters > length / 2


def trim(text: str, span: Span) -> Span:
    """`span` without the white space at its ends."""
    part = text[span.start : span.end]
    start = span.start + len(part) - len(part.lstrip())
    return Span(start, max(start, span.start + len(part.rstrip())))


def _blocks(text: str) -> list[Span]:
    breaks = [match.end() for match in BLOCK_BREAK.finditer(text)]
    blocks: list[Span] = []
    for start, end in zip([0, *breaks], [*breaks, len(text)], strict=True):
        line_end = text.find("\n", start, end)
        if OWN_LINE.match(text, start) and 0 <= line_end < end - 1:
            blocks += [Span(start, line_end), Span(line_end + 1, end)]
        else:
            blocks.append(Span(start, end))
    return blocks


def _ends_sentence(text: str, stop: re.Match[str], start: int, end: int) -> bool:
    if stop.group()[0] not in ".!?…":
        return True
    following = text[stop.end() : min(stop.end() + 12, end)].lstrip()
    if following and following[0].islower():
        return False
    return not stop.group().startswith(".") or not _is_abbreviation(text, stop, start, following)


def _is_abbreviation(text: str, stop: re.Match[str], start: int, following: str) -> bool:
    word = LAST_WORD.search(text, max(start, stop.start() - 20), stop.start())
    if word is None:
        return False
    last = word.group().lower()
    is_initial = len(last) == 1 and last.isalpha()
    is_number_of_list = last.isdigit() and not text[start : word.start()].strip()
    is_day = last.isdigit() and len(last) <= 2 and MONTH.match(following) is not None
    return is_initial or is_number_of_list or is_day or last in ABBREVIATIONS
