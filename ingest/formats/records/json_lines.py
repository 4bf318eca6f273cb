"""JSON Lines: one record a paragraph, each value with its name."""

import json
from collections.abc import Iterator
from typing import Any  # a record is whatever JSON its line holds

from ingest.formats.content import Extraction, SourceFile
from ingest.text.decoding import decode, drop_unseen
from rag.errors import ExtractionFailed

RECORD_BREAK = "\n\n"
DEEPEST = 20  # chosen: records nest three or four deep
NAMED_LINES = 5  # chosen: fits one line of an error


def extract_records(file: SourceFile) -> Extraction:
    """A paragraph `key: value; key: value` a line; lines that are not JSON are kept and noted.

    Raises ExtractionFailed when no line is JSON.
    """
    decoded = decode(file.read())
    paragraphs: list[str] = []
    bad: list[int] = []
    numbered = [(at, line) for at, line in enumerate(decoded.text.split("\n"), 1) if line.strip()]
    for at, line in numbered:
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            bad.append(at)
            paragraphs.append(line.strip())
        else:
            paragraphs.append("; ".join(_fields(record, "", 0)))
    if bad and len(bad) == len(numbered):
        raise ExtractionFailed("no line of it is JSON")
    seen = drop_unseen(RECORD_BREAK.join(filter(None, paragraphs)))
    notes = (*decoded.notes, *seen.notes, *_describe(bad))
    return Extraction(seen.text, file.media_type, notes=notes)


def _describe(bad: list[int]) -> list[str]:
    if not bad:
        return []
    more = f" and {len(bad) - NAMED_LINES} more" if len(bad) > NAMED_LINES else ""
    named = ", ".join(str(at) for at in bad[:NAMED_LINES])
    return [f"not JSON, kept as text: line {named}{more}"]


def _fields(value: Any, name: str, depth: int) -> Iterator[str]:
    """Every value under its path of keys; a list of plain values is one value."""
    if isinstance(value, dict) and depth < DEEPEST:
        for key, inner in value.items():
            yield from _fields(inner, f"{name}.{key}" if name else str(key), depth + 1)
    elif isinstance(value, list) and depth < DEEPEST and not _is_plain(value):
        for at, inner in enumerate(value, 1):
            yield from _fields(inner, f"{name}.{at}" if name else str(at), depth + 1)
    elif shown := _show(value):
        yield f"{name}: {shown}" if name else shown


def _is_plain(values: list[Any]) -> bool:
    return not any(isinstance(value, dict | list) for value in values)


def _show(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(filter(None, map(_show, value)))
    if isinstance(value, str):
        return " ".join(value.split())
    return "" if value is None else json.dumps(value)
