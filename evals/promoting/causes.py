"""Which change of the files is behind a question that a release answers worse."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from evals.reports.record import Report, SampleRecord
from evals.samples.sample import Evidence, Sample
from rag.domain import DocumentRef

MOST_NAMED = 3  # chosen: fits a line

Change = str
"""`added`, `changed` or `removed`."""


@dataclass(frozen=True, slots=True)
class Evaluated:
    """A release's run, and the versions of its documents by their sources."""

    report: Report
    versions: Mapping[str, str]


def versions_of(references: Sequence[DocumentRef]) -> dict[str, str]:
    """The version of each document by its source."""
    return {each.source: each.version for each in references}


def tell_cause(sample: Sample, before: Evaluated, after: Evaluated) -> str:
    """In words what became of the evidence of a question, else of what is ranked before it."""
    changes = find_changes(before.versions, after.versions)
    if told := _evidence_changes(sample, changes):
        return "; ".join(told)
    now = _record(after.report, sample.id)
    above = [source for source in _ranked_above(now) if source in changes]
    if above:
        told = [f"{source} was {changes[source]}" for source in dict.fromkeys(above)]
        how = "is ranked above its evidence" if sample.is_answerable else "is what it finds"
        return f"{', '.join(told)} and {how}"
    if not changes:
        return "no file has changed: the settings or the models have"
    others = [f"{source} was {change}" for source, change in sorted(changes.items())]
    more = f", and {len(others) - MOST_NAMED} more changes" if len(others) > MOST_NAMED else ""
    return f"none of its files has changed; {', '.join(others[:MOST_NAMED])}{more}"


def find_changes(before: Mapping[str, str], after: Mapping[str, str]) -> dict[str, Change]:
    """What became of each source that is not as it was."""
    added = dict.fromkeys(after.keys() - before.keys(), "added")
    removed = dict.fromkeys(before.keys() - after.keys(), "removed")
    both = before.keys() & after.keys()
    return added | removed | {s: "changed" for s in both if before[s] != after[s]}


def _evidence_changes(sample: Sample, changes: Mapping[str, Change]) -> list[str]:
    named = {source for each in sample.evidence for source in _sources(each)}
    return [
        f"its evidence {source} was {change}"
        for source, change in sorted(changes.items())
        if change != "added" and any(_is_meant(source, name) for name in named)
    ]


def _sources(evidence: Evidence) -> Iterator[str]:
    yield evidence.source
    for each in evidence.alternatives:
        yield each.source


def _is_meant(source: str, name: str) -> bool:
    """As `Sources.find` reads the name of a source in a set."""
    return source == name or source.endswith(f"/{name}")


def _record(report: Report, id_: str) -> SampleRecord:
    return next(sample for sample in report.samples if sample.id == id_)


def _ranked_above(sample: SampleRecord) -> Iterator[str]:
    """What is cited, then what is found before anything relevant, the best first."""
    yield from (place.source for place in sample.citations if not place.relevant)
    for place in sample.hits:
        if place.relevant:
            return
        yield place.source
