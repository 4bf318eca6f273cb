"""A finished run on a terminal, or as JSON lines for programs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict

from ingest.clock import now_utc
from ingest.gate import GateDecision
from ingest.runs.outcomes import Outcome, Report
from ingest.terminal.tables import print_json, print_table, say

MOST_NAMED = 20  # chosen: a screen
GROUPED_ABOVE = 3  # chosen: from here on one line for one reason
NAMED_OF_GROUP = 3  # chosen: enough to recognise the others


def print_report(report: Report) -> None:
    """What changed, what was not read and why, who may read more, and what is live now."""
    counts = [(state, f"{count:,}") for state, count in report.counts.items()]
    print_table(("state", "sources"), [*counts, ("all", f"{len(report.outcomes):,}")])
    for line in _lines(report):
        say(line)
    live = "no release" if report.release is None else f"{report.corpus}@{report.release}"
    how = "published" if report.published else "nothing published, live is"
    amount = f"{report.chunks:,} chunks, {report.embedded:,} embedded"
    say(f"{how} {live}: {amount}, {report.seconds:.1f} s")
    if report.search:
        say(f"{live} is searched {report.search}")
    if report.embedder:
        say(f"embedder: {report.embedder}")


class News:
    """Tells a run that changed or found something from one that only looked again."""

    def __init__(self) -> None:
        self._last: object = None

    def has(self, report: Report) -> bool:
        """Whether a run differs from what was said last, in itself or in what it left undone."""
        failed = [
            (each.uri, each.reason) for each in report.outcomes if each.state == "quarantined"
        ]
        undone = (failed, report.reading.held, report.shrunk, report.held, report.gate)
        is_other = undone != self._last
        self._last = undone
        return is_other or report.published or any(each.change for each in report.outcomes)


def _lines(report: Report) -> Iterator[str]:
    for said, names in (
        ("new", [each.source for each in report.outcomes if each.change == "new"]),
        ("changed", [each.source for each in report.outcomes if each.change == "changed"]),
        ("removed", [_removed(each) for each in report.outcomes if each.state == "removed"]),
    ):
        yield from _bounded(said, names)
    reading = report.reading
    held_back = {each.uri for each in reading.held}
    yield from _reasons(each for each in report.outcomes if each.uri not in held_back)
    if reading.hidden:
        yield f"hidden files and folders passed over: {reading.hidden:,}"
    held = [f"{each}; --widen lets it" for each in reading.held]
    yield from _bounded("would become readable by more", held)
    yield from _bounded("readable by more since this run", [str(each) for each in reading.widened])
    for each in report.shrunk:
        named = ", ".join(each.named) + (", ..." if each.gone > len(each.named) else "")
        yield (
            f"not published: {each.gone:,} of {each.documents:,} documents of {each.root} would be "
            f"gone ({named}); `--allow-shrink` publishes without them"
        )
    if report.gate:
        yield from _gate_lines(report.gate)
    elif report.built:
        yield f"built release {report.built}: `publish {report.built}` makes it live"
    if report.held:
        yield f"{report.corpus} is {report.held}; `--resume` or `publish N` ends that"


def _gate_lines(gate: GateDecision) -> Iterator[str]:
    """What the gate found, the questions that broke with the change behind each, what to do."""
    against = f" against release {gate.against}" if gate.against else ""
    measured = f"release {gate.release}{against} on {gate.regression_set}"
    if not gate.exit_code:
        yield f"gate passed: {measured}"
        return
    yield from (f"gate: {reason}" for reason in gate.reasons)
    broken = [
        f"{'critical, ' * each.critical}{each.id}: {each.question}: {each.cause}"
        for each in gate.broken
    ]
    yield from _bounded("broken", broken)
    if gate.forced:
        yield f"published all the same ({gate.forced}): {measured}"
    else:
        yield (
            f"not published, refused by the gate: {measured}; mend the files and `add` again, "
            "or publish it by `--force --why WHY`"
        )


def _bounded(said: str, names: Sequence[str]) -> Iterator[str]:
    yield from (f"{said}: {name}" for name in names[:MOST_NAMED])
    if len(names) > MOST_NAMED:
        yield f"{said}: and {len(names) - MOST_NAMED:,} more"


def _removed(outcome: Outcome) -> str:
    return f"{outcome.source}: {outcome.reason}" if outcome.reason else outcome.source


def _reasons(outcomes: Iterable[Outcome]) -> Iterator[str]:
    """Why sources ended as they did; what was said of an unchanged one before is not repeated."""
    groups: dict[tuple[str, str], list[str]] = {}
    for each in outcomes:
        if each.state not in ("unchanged", "removed") and (each.reason or each.empty_pages):
            groups.setdefault((each.state, _remark(each)), []).append(each.source)
    notes = []
    for (state, reason), names in groups.items():
        lines = [f"{state}: {name}: {reason}" for name in names]
        if len(names) > GROUPED_ABOVE:
            lines = [f"{state}: {say_group(names)}: {reason}"]
        if state in ("indexed", "duplicate"):
            notes += lines
        else:
            yield from lines
    yield from notes[:MOST_NAMED]
    if len(notes) > MOST_NAMED:
        yield f"and {len(notes) - MOST_NAMED:,} more notes: `status`"


def say_group(names: Sequence[str]) -> str:
    """Many sources in few words."""
    return f"{len(names):,} sources ({', '.join(names[:NAMED_OF_GROUP])}, ...)"


def _remark(outcome: Outcome) -> str:
    """Why a source is in its state, and which of its pages hold no text."""
    if not outcome.empty_pages:
        return outcome.reason
    pages = f"{outcome.pages} pages, no text on {outcome.empty_pages}"
    return f"{outcome.reason}; {pages}" if outcome.reason else pages


def print_report_as_json(report: Report) -> None:
    """One line a source, then one line for the run."""
    for outcome in report.outcomes:
        print_json(asdict(outcome))
    print_json(
        {
            "release": report.release,
            "published": report.published,
            "built": report.built,
            "gate": asdict(report.gate) if report.gate else None,
            "held": report.held,
            "search": report.search,
            "embedder": report.embedder,
            "counts": dict(report.counts),
            "hidden": report.reading.hidden,
            "would_widen": [asdict(each) for each in report.reading.held],
            "widened": [asdict(each) for each in report.reading.widened],
            "shrunk": [asdict(each) for each in report.shrunk],
            "embedded": report.embedded,
            "chunks": report.chunks,
            "seconds": report.seconds,
            "timings": dict(report.timings),
            "finished": now_utc(),
        }
    )
