"""reStructuredText, whose tables its parser would lose, or break off at beyond ASCII."""

import re
from collections.abc import Iterator
from itertools import zip_longest

from ingest.formats.content import Extraction, SourceFile
from ingest.formats.office import read_marked_up
from ingest.formats.records.rows import describe_rows
from ingest.text.decoding import decode

SIMPLE_RULE = re.compile(r"=+(?: +=+)+")
GRID_RULE = re.compile(r"\+(?:[-=]+\+)+")
TABLE_DIRECTIVE = re.compile(
    r"^[ \t]*\.\. (?:list-|csv-)?table::[ \t]*([^\n]*)\n(?:[ \t]+:[\w-]{1,40}:[^\n]*\n){0,20}",
    re.MULTILINE,
)
ADMONITION = re.compile(
    r"^([ \t]{0,40})(\.\. (?:attention|caution|danger|error|hint|important|note|tip|warning)::)"
    r"[ \t]+(?=\S)",
    re.MULTILINE,
)
GAP = re.compile(r"  +")
BAR = re.compile(r"=+")


def extract_restructured(file: SourceFile) -> Extraction:
    """A reStructuredText file as Markdown, each row of a table a paragraph."""
    decoded = decode(file.read())
    bare = TABLE_DIRECTIVE.sub(r"\1\n", decoded.text)
    bare = ADMONITION.sub(r"\1\2\n\n\1   ", bare)
    text = "\n".join(_describe_tables(bare.splitlines()))
    return read_marked_up(text, file.media_type, decoded.notes)


def _describe_tables(lines: list[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        end, rows = _table(lines, at)
        for row in describe_rows(rows):
            yield from ("", row, "")
        if end == at:
            yield lines[at]
        at = max(end, at + 1)


def _table(lines: list[str], at: int) -> tuple[int, list[list[str]]]:
    """Where the table that begins at this line ends, and its rows; else the same line, and none."""
    rule = lines[at].strip()
    if GRID_RULE.fullmatch(rule):
        end = at
        while end < len(lines) and lines[end].strip().startswith(("+", "|")):
            end += 1
        return end, list(_grid_rows(lines[at:end]))
    if SIMPLE_RULE.fullmatch(rule):
        end = at + 1
        while end < len(lines) and not _ends_simple(lines, end):
            end += 1
        if end < len(lines):
            return end + 1, _simple_rows(lines[at:end])
    return at, []


def _grid_rows(lines: list[str]) -> Iterator[list[str]]:
    inside: list[list[str]] = []
    for line in lines:
        mark = line.strip()
        if not mark.startswith("+"):
            inside.append([cell.strip() for cell in mark.strip("|").split("|")])
        elif inside:
            yield [" ".join(cell) for cell in zip_longest(*inside, fillvalue="")]
            inside = []


def _ends_simple(lines: list[str], at: int) -> bool:
    is_last = at + 1 == len(lines) or not lines[at + 1].strip()
    return is_last and SIMPLE_RULE.fullmatch(lines[at].strip()) is not None


def _simple_rows(lines: list[str]) -> list[list[str]]:
    starts = [bar.start() for bar in BAR.finditer(lines[0])]
    rows: list[list[str]] = []
    for line in lines[1:]:
        cells = [line[start:end].strip() for start, end in zip_longest(starts, starts[1:])]
        if any(line[start - 1 : start].strip() for start in starts[1:]):  # a cell over columns
            cells = GAP.split(line.strip())
        if rows and not cells[0]:
            pairs = zip_longest(rows[-1], cells, fillvalue="")
            rows[-1] = [f"{above} {cell}".strip() for above, cell in pairs]
        elif set(line) - set("=- "):
            rows.append(cells)
    return rows
