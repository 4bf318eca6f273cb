"""Rows of tables as lines that can be read, and quoted, alone."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from statistics import median

from rag.errors import ExtractionFailed

DELIMITERS = ",;\t|"
MOST_FIELD_CHARACTERS = 10_000_000
"""Chosen: the csv module allows 131,072, and cells hold whole pages."""


def read_csv(text: str) -> list[list[str]]:
    """The rows of a CSV or TSV text, its delimiter found by counting. Raises ExtractionFailed."""
    csv.field_size_limit(MOST_FIELD_CHARACTERS)
    delimiter = _find_delimiter(text)
    try:
        return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise ExtractionFailed(f"not a readable table: {error}") from error


def _find_delimiter(text: str) -> str:
    lines = [line for line in text[:20_000].splitlines() if line.strip()][:20]
    if not lines:
        return ","
    return max(DELIMITERS, key=lambda mark: median(line.count(mark) for line in lines))


def describe_rows(rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """One line a row: `Column: value; Column: value` under a header, else `value | value`."""
    cleaned = [[" ".join(cell.split()) for cell in row] for row in rows]
    filled = [row for row in cleaned if any(row)]
    header = filled[0] if filled and _is_header(filled) else None
    for row in filled[1:] if header else filled:
        if header and len(row) <= len(header):
            pairs = zip(header, row, strict=False)
            yield "; ".join(f"{column}: {value}" for column, value in pairs if value)
        else:
            yield " | ".join(value for value in row if value)


def _is_header(rows: list[list[str]]) -> bool:
    first = rows[0]
    names = [cell.casefold() for cell in first]
    are_names = all(names) and not any(_is_number(cell) for cell in first)
    return len(rows) > 1 and len(first) > 1 and are_names and len(set(names)) == len(names)


def _is_number(cell: str) -> bool:
    return not cell.strip("0123456789.,-+%€$£ ")
