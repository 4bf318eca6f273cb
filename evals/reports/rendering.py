"""Reports for people, Markdown and self-contained HTML, rendered from the JSON of record alone."""

from dataclasses import asdict
from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from evals.reports.aggregates import missing_values
from evals.reports.decision import FATES
from evals.reports.failures import find_failures, find_weakest
from evals.reports.record import Aggregate, Report, read_report, to_json
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
WEAKEST = 20  # chosen: a screen or two
SHOWN_CHANGES = 20  # as above


def write_report(report: Report, out: Path) -> Path:
    """Write `report.{json,md,html}` into a new folder below `out`, never over another.

    Its name has date, corpus, release and set; `latest` is a link to it.

    Returns the folder. Raises StorageError.
    """
    try:
        folder = _make_folder(out, _folder_name(report))
        record = folder / "report.json"
        record.write_text(to_json(report), encoding="utf-8")
        for suffix in ("md", "html"):
            text = render(read_report(record), suffix)
            (folder / f"report.{suffix}").write_text(text, encoding="utf-8")
        _link_latest(out, folder)
    except OSError as error:
        raise StorageError(f"the report cannot be written to {out}: {error.strerror}") from error
    return folder


def render(report: Report, suffix: str) -> str:
    """The report as `md` or `html`."""
    environment = Environment(
        loader=PackageLoader("evals"),
        autoescape=suffix == "html",
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
    environment.filters |= {"cell": _cell, "number": _number, "ms": _ms, "signed": "{:+.3f}".format}
    environment.filters["amount"] = _amount
    return environment.get_template(f"report.{suffix}.j2").render(
        report=report,
        shares=_aggregates(report, "share"),
        times=_aggregates(report, "ms"),
        sizes=_aggregates(report, "tokens", "sentences"),
        slice_metrics=[name for name in SLICE_METRICS if name in report.aggregates],
        missing=missing_values(report),
        failures=find_failures(report),
        weakest=find_weakest(report, WEAKEST),
        fingerprint=_fingerprint(report),
        fates=FATES,
        most_changes=SHOWN_CHANGES,
    )


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
