"""Evidence found in the documents of a release by its quotes; spans only say which is meant."""

import json
import os
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from evals.samples.reading import Line
from evals.samples.sample import Evidence
from rag.domain import Document, DocumentRef, SearchResult, Span

QUOTE_CHARACTERS = 60  # chosen: enough to recognise it
Search = Callable[[str], SearchResult]
"""What a question finds in a release."""


@dataclass(frozen=True, slots=True)
class Lost:
    """A quote that the release does not hold, and why."""

    source: str
    reason: str


@dataclass(frozen=True, slots=True)
class Location:
    """A span of one version of a document; equal versions hold equal text."""

    version: str
    span: Span


@dataclass(frozen=True, slots=True)
class Target:
    """A piece of evidence in a release, so many `characters` long: each of its places carries it.

    Without a place it is gone; `lost` has what is not there of the quote and its alternatives.
    """

    places: tuple[Location, ...]
    characters: int
    lost: tuple[Lost, ...] = ()


class Sources:
    """The documents of one release by the name of their source, read when they are needed."""

    def __init__(self, references: Sequence[DocumentRef], read: Callable[[str], Document]) -> None:
        self._references = references
        self._read = read

    def find(self, source: str) -> Document | Lost:
        """The document of that name, else the one whose name ends with it; never one of several."""
        exact = [each for each in self._references if each.source == source]
        found = exact or [each for each in self._references if each.source.endswith(f"/{source}")]
        if not found:
            return Lost(source, f"the release holds no source {source!r}")
        if len({each.version for each in found}) > 1:
            names = ", ".join(each.source for each in found)
            return Lost(source, f"{source!r} may be any of {names}: name one of them in the set")
        return self._read(found[0].id)


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


def find_target(evidence: Evidence, sources: Sources) -> Target:
    """Where the quote of a piece of evidence, or of an alternative, stands in the release now."""
    found = [_find_places(each, sources) for each in (evidence, *evidence.alternatives)]
    return Target(
        tuple(place for places in found if not isinstance(places, Lost) for place in places),
        len(evidence.quote),
        tuple(lost for lost in found if isinstance(lost, Lost)),
    )


def _find_places(evidence: Evidence, sources: Sources) -> list[Location] | Lost:
    document = sources.find(evidence.source)
    if isinstance(document, Lost):
        return document
    spans = find_quote(document.text, evidence.quote)
    if not spans:
        quote = " ".join(evidence.quote.split())[:QUOTE_CHARACTERS]
        return Lost(evidence.source, f"{evidence.source} no longer holds the quote {quote!r}")
    if evidence.span:
        spans = [_nearest(spans, evidence.span)]
    return [Location(document.version, span) for span in spans]


def _nearest(spans: Sequence[Span], hint: Span) -> Span:
    return min(spans, key=lambda span: abs(span.start - hint.start))


def locate_set(path: Path, lines: Sequence[Line], sources: Sources) -> Locating:
    """Write start, end and the exact quote of all evidence that stands at one place into `path`.

    What is right already stays; what is not found or stands at several places is a problem.
    """
    checked = changed = 0
    problems: list[str] = []
    for line in lines:
        for place, evidence, raw in list_quotes(line):
            found = _locate(evidence, sources)
            if isinstance(found, str):
                problems.append(f"{path}:{line.number}: {place}: {found}")
                continue
            checked += 1
            if (raw.get("start"), raw.get("end"), raw["quote"]) != (*found[0], found[1]):
                changed += 1
                raw["start"], raw["end"], raw["quote"] = *found[0], found[1]
    if changed:
        _rewrite(path, {line.number: line.raw for line in lines})
    return Locating(checked, changed, tuple(problems))


def list_quotes(line: Line) -> Iterator[tuple[str, Evidence, dict[str, Any]]]:
    """Each quote of a sample with its place in the line and the JSON that it was read from."""
    for number, evidence in enumerate(line.sample.evidence):
        raw = line.raw["evidence"][number]
        yield f"evidence.{number}", evidence, raw
        for other, alternative in enumerate(evidence.alternatives):
            yield f"evidence.{number}.alternatives.{other}", alternative, raw["alternatives"][other]


def _locate(evidence: Evidence, sources: Sources) -> tuple[tuple[int, int], str] | str:
    document = sources.find(evidence.source)
    if isinstance(document, Lost):
        return document.reason
    spans = find_quote(document.text, evidence.quote)
    if evidence.span in spans:
        spans = [evidence.span]
    if len(spans) != 1:
        where = f"stands {len(spans)} times" if spans else "is not found"
        advice = ": make it longer, or give start and end" if spans else ""
        quote = evidence.quote[:QUOTE_CHARACTERS]
        return f"quote {quote!r} {where} in {evidence.source}{advice}"
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
