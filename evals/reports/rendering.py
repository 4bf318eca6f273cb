"""Reports for people, Markdown and self-contained HTML, rendered from the JSON of record alone."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from evals.reports.aggregates import missing_values
from evals.reports.decision import FATES, Comparison
from evals.reports.failures import find_failures
from evals.reports.headline import WORDS, write_headline
from evals.reports.junit import to_junit
from evals.reports.outcomes import MARKS, Question, group_questions, list_questions
from evals.reports.record import Aggregate, Report, read_report, to_json
from evals.reports.trend import RunSummary, StoredRun, Trace, list_runs, runs_before, trace
from rag.errors import StorageError

SLICE_METRICS = (
    "evidence_recall@4000",
    "hit@5",
    "citation_validity",
    "citation_recall",
    "right",
    "answer_containment",
    "faithfulness",
    "answer_relevancy",
    "context_precision",
    "context_recall",
)
SHOWN_CHANGES = 20  # chosen: a screen or two


def write_report(report: Report, out: Path) -> Path:
    """Write `report.{json,md,html}`, `summary.md` and `junit.xml` into a new folder below `out`.

    It is never over another: its name has date, corpus, release and set. `latest` is a link to it,
    `index.html` lists the runs in `out`.

    Returns the folder. Raises StorageError.
    """
    try:
        folder = _make_folder(out, _folder_name(report))
        record = folder / "report.json"
        record.write_text(to_json(report), encoding="utf-8")
        recorded, runs = read_report(record), list_runs(out)
        for suffix in ("md", "html"):
            text = render(recorded, suffix, runs)
            (folder / f"report.{suffix}").write_text(text, encoding="utf-8")
        (folder / "summary.md").write_text(summarize(recorded), encoding="utf-8")
        junit = to_junit(recorded, list_questions(recorded))
        (folder / "junit.xml").write_text(junit, encoding="utf-8")
        _link_latest(out, folder)
        _write_index(out, folder, runs)
    except OSError as error:
        raise StorageError(f"the report cannot be written to {out}: {error.strerror}") from error
    return folder


def render(report: Report, suffix: str, runs: Sequence[StoredRun] = ()) -> str:
    """The report as `md` or `html`, with the trend over those of `runs` that are like it."""
    questions = list_questions(report)
    marks = Counter(mark for each in questions for mark in each.marks)
    alike, shares = runs_before(report, runs), _aggregates(report, "share")
    return _fill(
        f"report.{suffix}.j2",
        **_describe(report, questions),
        shares=shares,
        times=_aggregates(report, "ms"),
        sizes=_aggregates(report, "tokens", "sentences"),
        amounts={name: found for name, found in report.aggregates.items() if name not in shares},
        slice_metrics=[name for name in SLICE_METRICS if name in report.aggregates],
        missing=missing_values(report),
        groups=group_questions(questions),
        marks={mark: marks[mark] for mark in MARKS if marks[mark]},
        traces=_trace_all(alike) if len(alike) > 1 else {},
        run_count=len(alike),
        fingerprint=_fingerprint(report),
        fates=FATES,
        most_changes=SHOWN_CHANGES,
    )


def summarize(report: Report) -> str:
    """The report in a few lines of Markdown, as for a pull request."""
    return _fill("summary.md.j2", **_describe(report, list_questions(report)))


def render_index(runs: Sequence[StoredRun]) -> str:
    """A page that lists runs with their verdicts, and the trend of each set of each corpus."""
    alike: dict[str, list[RunSummary]] = {}
    for run in (each.run for each in reversed(runs) if each.run):
        alike.setdefault(f"{run.corpus}, {run.regression_set.name}", []).append(run)
    trends = {name: _trace_all(found) for name, found in alike.items() if len(found) > 1}
    return _fill("index.html.j2", runs=runs, words=WORDS, trends=trends)


def _fill(template: str, **values: object) -> str:
    environment = Environment(
        loader=PackageLoader("evals"),
        autoescape=".html" in template,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {
        "cell": _cell,
        "number": _number,
        "ms": _ms,
        "amount": _amount,
        "signed": "{:+.3f}".format,
        "tag_class": _tag_class,
        "percent": _percent,
        "widest": _widest,
    }
    return environment.get_template(template).render(values)


def _describe(report: Report, questions: Sequence[Question]) -> dict[str, object]:
    """What a report and its summary both say."""
    compared = report.verdict.comparison
    fates = [(len(compared.having(fate)), fate) for fate in FATES] if compared else []
    return {
        "report": report,
        "headline": write_headline(report, questions),
        "failures": find_failures(report),
        "gating": [n for n, found in compared.worst_metrics() if found.gating] if compared else [],
        "counts": ", ".join(f"{number} {fate}" for number, fate in fates),
    }


def _trace_all(runs: Sequence[RunSummary]) -> dict[str, Trace]:
    traces = {name: trace(name, runs) for name in SLICE_METRICS}
    return {name: found for name, found in traces.items() if found.points}


def _write_index(out: Path, folder: Path, runs: Sequence[StoredRun]) -> None:
    """Replaced as a whole: a reader never sees half of it."""
    index = folder / "index.html"
    index.write_text(render_index(runs), encoding="utf-8")
    index.replace(out / index.name)


def _folder_name(report: Report) -> str:
    asked = report.regression_set
    part = f"-{asked.asked}of{asked.samples}" if asked.asked < asked.samples else ""
    return f"{report.created[:10]}-{report.corpus}-r{report.release}-{Path(asked.name).stem}{part}"


def _link_latest(out: Path, folder: Path) -> None:
    link = folder / "latest"
    link.symlink_to(folder.name)
    link.replace(out / "latest")


def _make_folder(out: Path, name: str) -> Path:
    out.mkdir(parents=True, exist_ok=True)
    number = 1
    while True:
        folder = out / (name if number == 1 else f"{name}-{number}")
        try:
            folder.mkdir()
        except FileExistsError:
            number += 1
        else:
            return folder


def _aggregates(report: Report, *units: str) -> dict[str, Aggregate]:
    return {
        name: found
        for name, found in report.aggregates.items()
        if report.metrics[name].unit in units
    }


def _fingerprint(report: Report) -> dict[str, str]:
    """The parts of the fingerprint in words; none where nothing was answered."""
    if report.fingerprint is None:
        return {}
    parts = {name.replace("_", " "): str(part) for name, part in asdict(report.fingerprint).items()}
    return {name: part or "none" for name, part in parts.items()} | {
        "content": report.content_hash[:12]
    }


def _cell(text: str) -> str:
    """Text for a cell of a Markdown table: one line, nothing in it is markup."""
    line = " ".join(text.split())
    for character in "\\`*_[]<>|":
        line = line.replace(character, "\\" + character)
    return line


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _ms(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f} ms"


def _amount(value: float | None) -> str:
    return "–" if value is None else f"{value:.1f}"


def _tag_class(tag: str) -> str:
    """A tag as a name that HTML and CSS both take; tags that differ have names that do."""
    return "t-" + re.sub(r"[^a-z0-9]", lambda found: f"_{ord(found[0]):x}_", tag)


def _widest(compared: Comparison, names: Sequence[str]) -> float:
    """The largest change that an interval of these metrics reaches; at least a hundredth."""
    ends = [abs(end) for name in names for end in _ends(compared, name)]
    return max(0.01, *ends) if ends else 0.01


def _ends(compared: Comparison, name: str) -> tuple[float, float]:
    found = compared.metrics[name]
    return found.low, found.high


def _percent(value: float, most: float) -> float:
    """The place of a change between -most and most, in percent from the left."""
    return round(50 + 50 * value / most, 2)
