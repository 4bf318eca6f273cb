"""Jupyter notebooks as Markdown: prose, fenced code, and what it printed."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any  # a notebook is whatever JSON its author's tool wrote

from ingest.formats.content import Extraction, SourceFile
from ingest.text.decoding import decode, drop_unseen
from rag.errors import ExtractionFailed

LONGEST_OUTPUT_CHARACTERS = 2_000  # chosen: a screen; longer outputs are logs
ANSI = re.compile(r"\x1b\[[0-9;]{0,20}[A-Za-z]")
BACKTICKS = re.compile(r"`{3,}")
LANGUAGE = re.compile(r"[A-Za-z0-9+#_-]{1,30}")


def extract_notebook(file: SourceFile) -> Extraction:
    """A notebook's cells in order, long outputs cut short. Raises ExtractionFailed."""
    decoded = decode(file.read())
    try:
        notebook = json.loads(decoded.text)
    except (ValueError, RecursionError) as error:
        raise ExtractionFailed(f"not a notebook: {error}"[:200]) from error
    cells = _cells(notebook)
    if cells is None:
        raise ExtractionFailed("not a notebook: it has no cells")
    language = _language(notebook)
    parts = [part for cell in cells for part in _describe(cell, language) if part.strip()]
    seen = drop_unseen("\n\n".join(parts))
    notes = decoded.notes + seen.notes
    return Extraction(seen.text, file.media_type, is_markdown=True, notes=notes)


def _cells(notebook: Any) -> list[Mapping[str, Any]] | None:
    """The cells of a notebook of format 4, or of the sheets of format 3."""
    if not isinstance(notebook, dict):
        return None
    cells = notebook.get("cells")
    sheets = notebook.get("worksheets")
    if cells is None and isinstance(sheets, list):
        lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        cells = [cell for each in lists if isinstance(each, list) for cell in each]
    if not isinstance(cells, list):
        return None
    return [cell for cell in cells if isinstance(cell, dict)]


def _language(notebook: Mapping[str, Any]) -> str:
    metadata = notebook.get("metadata")
    found = metadata if isinstance(metadata, dict) else {}
    for part, key in (("language_info", "name"), ("kernelspec", "language")):
        named = found.get(part)
        name = named.get(key) if isinstance(named, dict) else None
        if isinstance(name, str) and LANGUAGE.fullmatch(name):
            return name
    return ""


def _describe(cell: Mapping[str, Any], language: str) -> Iterator[str]:
    kind = cell.get("cell_type")
    source = _joined(cell.get("source", cell.get("input")))
    if kind == "code":
        if source.strip():
            yield _fence(source, language)
        outputs = cell.get("outputs")
        for output in outputs if isinstance(outputs, list) else []:
            printed = ANSI.sub("", _output(output)).strip() if isinstance(output, dict) else ""
            if printed:
                yield _fence(_shorten(printed), "")
    elif kind == "heading":
        yield f"# {source}"
    else:
        yield source


def _output(output: Mapping[str, Any]) -> str:
    if output.get("output_type") in ("error", "pyerr"):
        return f"{output.get('ename', 'Error')}: {output.get('evalue', '')}"
    data = output.get("data")
    shown = data.get("text/plain") if isinstance(data, dict) else None
    return _joined(output.get("text") or shown)


def _joined(source: Any) -> str:
    if isinstance(source, list):
        return "".join(line for line in source if isinstance(line, str))
    return source if isinstance(source, str) else ""


def _shorten(printed: str) -> str:
    if len(printed) <= LONGEST_OUTPUT_CHARACTERS:
        return printed
    left_out = len(printed) - LONGEST_OUTPUT_CHARACTERS
    return f"{printed[:LONGEST_OUTPUT_CHARACTERS]}\n… {left_out:,} more characters"


def _fence(content: str, language: str) -> str:
    longest = max((len(run) for run in BACKTICKS.findall(content)), default=2)
    marks = "`" * (longest + 1)
    return f"{marks}{language}\n{content.rstrip()}\n{marks}"
