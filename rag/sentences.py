"""Sentences as exact spans of a text: of prose, lists, tables and headings alike."""

import re

from rag.domain import Span

ABBREVIATIONS = frozenset(
    {"al", "approx", "art", "ca", "capt", "cf", "dept", "dr", "e.g", "eq", "est", "etc", "ext"}
    | {"fig", "i.e", "inc", "jr", "ltd", "max", "min", "mr", "mrs", "ms", "no", "nos", "nr", "p"}
    | {"pp", "prof", "resp", "sec", "sr", "st", "tel", "vol", "vs", "z.b", "d.h", "bzw", "u.s"}
)
BLOCK_BREAK = re.compile(r"\n(?=[ \t]*(?:\n|[-*+•·] |\d{1,3}[.)] |#{1,6} |\||>|```))")
OWN_LINE = re.compile(r"[ \t]*(?:#{1,6} |\||>)")
STOP = re.compile(r"""[.!?…]["'”’»)\]*_]*(?=\s)|[。！？]["'”’」』）]*""")
LAST_WORD = re.compile(r"[\w.]*\w$")


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
    trimmed = (trim(text, span) for span in spans)
    return [span for span in trimmed if span.start < span.end]


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
    following = text[stop.end() : min(stop.end() + 8, end)].lstrip()
    if following and following[0].islower():
        return False
    if not stop.group().startswith("."):
        return True
    word = LAST_WORD.search(text, max(start, stop.start() - 20), stop.start())
    if word is None:
        return True
    last = word.group().lower()
    is_initial = len(last) == 1 and last.isalpha()
    is_number_of_list = last.isdigit() and not text[start : word.start()].strip()
    return not (is_initial or is_number_of_list or last in ABBREVIATIONS)
