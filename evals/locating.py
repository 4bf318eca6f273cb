"""Evidence found in the documents of a release: quotes turned into spans, spans checked."""

import json
import os
import re
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.samples import Evidence
from evals.sets import Line
from rag.domain import Document, DocumentRef, Span


@dataclass(frozen=True, slots=True)
class Target:
    """An evidence span in one version of a document; equal versions hold equal text."""

    version: str
    span: Span


class Sources:
    """The documents of one release by the name of their source, read when they are needed."""

    def __init__(self, references: Sequence[DocumentRef], read: Callable[[str], Document]) -> None:
        self._ids = {reference.source: reference.id for reference in references}
        self._read = read

    def find(self, source: str) -> Document | None:
        """The document of a source, None where the release has none of that name."""
        return self._read(self._ids[source]) if source in self._ids else None


@dataclass(frozen=True, slots=True)
class Locating:
    """What `locate` did: problems are lines that name file, line and evidence."""

    checked: int
    changed: int
    problems: tuple[str, ...]


def find_quote(text: str, quote: str) -> list[Span]:
    """Where `quote` stands in `text`: exactly, else with any white space where it has some."""
    exact = [Span(m.start(), m.end()) for m in re.finditer(re.escape(quote), text)]
    if exact:
        return exact
    loose = r"\s+".join(re.escape(word) for word in quote.split())
    return [Span(m.start(), m.end()) for m in re.finditer(loose, text)]


def check_evidence(evidence: Evidence, sources: Sources) -> Target | str:
    """The evidence as a target in the release, or the reason why it no longer matches."""
    document = sources.find(evidence.source)
    if document is None:
        return f"the release holds no source {evidence.source!r}"
    if evidence.span is None:
        return f"evidence in {evidence.source} has no span: run `python -m evals locate`"
    if document.text[evidence.span.start : evidence.span.end] != evidence.quote:
        return (
            f"evidence no longer matches {evidence.source} "
            f"[{evidence.span.start}:{evidence.span.end}]: run `python -m evals locate`"
        )
    return Target(document.version, evidence.span)


def locate_set(path: Path, lines: Sequence[Line], sources: Sources) -> Locating:
    """Write start, end and the exact quote of all evidence that stands at one place into `path`.

    What is right already stays; what is not found or stands at several places is a problem.
    """
    checked = changed = 0
    problems: list[str] = []
    for line in lines:
        for place, evidence in enumerate(line.sample.evidence):
            found = _locate(evidence, sources)
            if isinstance(found, str):
                problems.append(f"{path}:{line.number}: evidence.{place}: {found}")
                continue
            checked += 1
            raw = line.raw["evidence"][place]
            if (raw.get("start"), raw.get("end"), raw["quote"]) != (*found[0], found[1]):
                changed += 1
                raw["start"], raw["end"], raw["quote"] = *found[0], found[1]
    if changed:
        _rewrite(path, {line.number: line.raw for line in lines})
    return Locating(checked, changed, tuple(problems))


def _locate(evidence: Evidence, sources: Sources) -> tuple[tuple[int, int], str] | str:
    document = sources.find(evidence.source)
    if document is None:
        return f"the release holds no source {evidence.source!r}"
    if isinstance(check_evidence(evidence, sources), Target) and evidence.span:
        return (evidence.span.start, evidence.span.end), evidence.quote
    spans = find_quote(document.text, evidence.quote)
    if len(spans) != 1:
        where = f"stands {len(spans)} times" if spans else "is not found"
        advice = ": make it longer, or give start and end" if spans else ""
        return f"quote {evidence.quote[:60]!r} {where} in {evidence.source}{advice}"
    span = spans[0]
    return (span.start, span.end), document.text[span.start : span.end]


def _rewrite(path: Path, raws: dict[int, dict[str, Any]]) -> None:
    lines = path.read_text(encoding="utf-8").split("\n")
    for number, raw in raws.items():
        lines[number - 1] = json.dumps(raw, ensure_ascii=False)
    with tempfile.NamedTemporaryFile(
        "w", encoding="utf-8", dir=path.parent, delete=False, suffix=".tmp"
    ) as file:
        file.write("\n".join(lines))
    os.replace(file.name, path)
