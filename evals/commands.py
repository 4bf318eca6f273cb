"""What each command of `python -m evals` does."""

import argparse
import asyncio
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING

from evals import terminal
from evals.comparing.identity import check_comparable
from evals.drift_commands import DRIFT_COMMANDS
from evals.gates.baselines import accept, baseline_path, read_baseline, read_run
from evals.gates.criteria import PACKAGED_SETS, read_criteria
from evals.gates.verdict import decide
from evals.judge_commands import JUDGE_COMMANDS, load_judged_tier
from evals.nights.earlier import read_earlier, tell_night, with_drops
from evals.nights.posting import post
from evals.nights.service import Service
from evals.nights.unfinished import KeptObservations, only_night
from evals.observing import find_manifest
from evals.promoting.settings_files import read_arm
from evals.reports import record, rendering
from evals.reports.decision import verdict_to_json
from evals.reports.record import Report
from evals.running import NOT_JUDGED, Run, evaluate
from evals.samples.locating import Sources, locate_set
from evals.samples.reading import read_lines, read_set
from evals.set_commands import SET_COMMANDS
from rag import __version__
from rag.bootstrap import open_plumbline, open_release
from rag.checkers import load_local_checker
from rag.errors import InvalidRegressionSet, RagError, UsageError
from rag.plumbline import Plumbline
from rag.releases.folder import release_folder
from rag.settings import Settings, load_settings

if TYPE_CHECKING:
    pass


def run(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Run the command that was asked for; returns its exit code. Raises RagError."""
    settings = load_settings(environment, data=options.data)
    return COMMANDS[options.command](options, settings)


def _evaluate(options: argparse.Namespace, settings: Settings) -> int:
    report = _measure(options, settings, _plan(options))
    folder = rendering.write_report(report, options.out)
    if options.json:
        print(record.to_json(report), end="")  # noqa: T201 - a command's output
    else:
        terminal.print_report(report, folder)
    for reason in report.verdict.reasons:
        terminal.complain(reason)
    return report.verdict.exit_code


def _measure(
    options: argparse.Namespace,
    settings: Settings,
    run: Run,
    kept: KeptObservations | None = None,
) -> Report:
    if not options.target:
        release_folder(settings.data, options.corpus)  # fails before a model is loaded
    judged = load_judged_tier(options, settings) if options.judge else None
    if run.criteria.baseline:  # fails before anything is measured
        ids = [sample.id for sample in run.samples]
        judge = judged.record() if judged else NOT_JUDGED
        check_comparable(run.criteria.baseline, run.regression_set, judge, ids)
    plumbline = _open_side(options, settings)
    try:
        with terminal.show_progress() as advance:
            return asyncio.run(evaluate(run, plumbline, judged, on_progress=advance, kept=kept))
    finally:
        plumbline.close()


def _open_side(options: argparse.Namespace, settings: Settings) -> Plumbline | Service:
    if options.target:
        return Service(options.target, settings.target_api_key.get_secret_value())
    return open_plumbline(settings)


def _run_night(options: argparse.Namespace, settings: Settings) -> int:
    run = _plan(options)
    options.judge = bool(settings.judge_model)
    with only_night(options.out):
        try:
            kept = KeptObservations(options.out, _describe_night(run, options, settings))
            terminal.complain_of_all(kept.notes())
            report = _measure(options, settings, run, kept)
        except RagError as error:
            _tell_channel(f"{options.corpus}, {options.set.name}: NOT MEASURED; {error}", settings)
            raise
        earlier = read_earlier(options.out, report)
        report = with_drops(report, earlier, run.criteria.least_drops)
        folder = rendering.write_report(report, options.out)
        kept.close()
    passed_over = (f"{each} holds no report that can be read" for each in earlier.unreadable)
    terminal.complain_of_all((*passed_over, *report.verdict.reasons))
    _tell_channel(tell_night(report, earlier, folder), settings)
    return report.verdict.exit_code


def _describe_night(run: Run, options: argparse.Namespace, settings: Settings) -> dict[str, str]:
    """All that an answer depends on: what was observed with another is of no use."""
    chosen = settings.model_dump_json(exclude={"night_webhook", "host", "port"})
    return {
        "corpus": run.corpus,
        "release": _describe_release(run.corpus, options, settings),
        "set": run.regression_set.sha256,
        "samples": str(len(run.samples)),
        "settings": sha256(chosen.encode()).hexdigest(),
        "version": __version__,
    }


def _describe_release(corpus: str, options: argparse.Namespace, settings: Settings) -> str:
    """Which release is asked, and of a service where."""
    if options.target:
        service = _open_side(options, settings)
        try:
            return f"{options.target} {find_manifest(service, corpus)}"
        finally:
            service.close()
    folder = release_folder(settings.data, corpus)
    return f"{folder.name} {sha256((folder / 'manifest.json').read_bytes()).hexdigest()}"


def _tell_channel(line: str, settings: Settings) -> None:
    print(line)  # noqa: T201 - a command's output
    webhook = settings.night_webhook.get_secret_value()
    if webhook and (problem := post(line, webhook)):
        terminal.complain(problem)


def _plan(options: argparse.Namespace) -> Run:
    asked = read_set(options.set)
    run = Run(asked, options.corpus, options.limit, options.slice)
    if not run.samples:
        tags = sorted({tag for sample in asked.samples for tag in sample.tags})
        raise UsageError(
            f"no sample of {options.set} has the tag {options.slice!r}: there are {', '.join(tags)}"
        )
    is_whole = run.samples == asked.samples
    criteria = read_criteria(options.set, asked.samples, dict(options.floor), is_whole=is_whole)
    path = options.baseline or baseline_path(options.set)
    if options.baseline or (path.exists() and not options.no_baseline):
        criteria = replace(criteria, baseline=read_run(path))
    return replace(run, criteria=criteria)


def _locate(options: argparse.Namespace, settings: Settings) -> int:
    lines = read_lines(options.set)
    release = open_release(release_folder(settings.data, options.corpus))
    try:
        sources = Sources(release.documents.references(), release.documents.document)
        found = locate_set(options.set, lines, sources)
    finally:
        release.close()
    for problem in found.problems:
        terminal.complain(problem)
    where = f"{options.corpus}@{release.manifest.release}"
    print(  # noqa: T201 - a command's output
        f"{found.checked} pieces of evidence stand in {where}, {found.changed} of them written"
    )
    return InvalidRegressionSet.exit_code if found.problems else 0


def _measure_claims(options: argparse.Namespace, settings: Settings) -> int:
    from evals.claims import measuring
    from evals.claims.answers import check_answers, read_answers, read_pairs, score_pairs
    from evals.claims.labelled import read_claims

    claims = read_claims(options.set)
    answers = read_answers(options.answers) if options.answers else []
    pairs = read_pairs(options.pairs) if options.pairs else []
    checker = load_local_checker()
    print(measuring.tabulate(measuring.check_claims(claims, settings, checker)))  # noqa: T201 - a command's output
    if answers:
        checked = list(check_answers(answers, checker))
        print("\n" + measuring.tell_answers(checked))  # noqa: T201 - as above
    if pairs:
        print("\n" + measuring.tell_pairs(*score_pairs(pairs, checker)))  # noqa: T201 - as above
    return 0


def _compare(options: argparse.Namespace, settings: Settings) -> int:
    if options.settings:
        before, after = _measure_arms(options, settings)
    elif options.before and options.after:
        before, after = read_run(options.before), read_run(options.after)
    else:
        raise UsageError("name two runs, or a --corpus with two --settings files")
    asked = after.regression_set
    criteria = read_criteria(
        _set_of(after, options), after.samples, {}, is_whole=asked.asked == asked.samples
    )
    verdict = decide(after, replace(criteria, baseline=before))
    if options.json:
        print(verdict_to_json(verdict), end="")  # noqa: T201 - a command's output
    else:
        terminal.print_verdict(verdict)
    for reason in verdict.reasons:
        terminal.complain(reason)
    return verdict.exit_code


def _measure_arms(options: argparse.Namespace, settings: Settings) -> list[Report]:
    """Ask one release under two settings; both reports are written."""
    if options.before or not options.corpus:
        raise UsageError("--settings A.toml B.toml needs a --corpus, and names no runs")
    path = options.set or PACKAGED_SETS / "handbook.jsonl"
    asked = read_set(path)
    run = Run(asked, options.corpus, criteria=read_criteria(path, asked.samples, {}))
    arms = [read_arm(file, settings) for file in options.settings]
    live = int(release_folder(settings.data, options.corpus).name)
    reports: list[Report] = []
    for arm in arms:
        plumbline = open_plumbline(arm.settings, chosen={run.corpus: arm.release or live})
        try:
            with terminal.show_progress() as advance:
                reports.append(asyncio.run(evaluate(run, plumbline, on_progress=advance)))
        finally:
            plumbline.close()
        run = replace(run, criteria=replace(run.criteria, baseline=reports[0]))
    for report in reports:
        rendering.write_report(report, options.out)
    return reports


def _baseline(options: argparse.Namespace, _: Settings) -> int:
    if options.action == "accept":
        report = read_run(options.report)
        path = _set_of(report, options)
        now = datetime.now(UTC).isoformat(timespec="seconds")
        terminal.print_baseline(accept(report, path, why=options.why, accepted=now))
        return 0
    sets = [options.set] if options.set else sorted(PACKAGED_SETS.glob("*.jsonl"))
    paths = [path for path in map(baseline_path, sets) if path.exists()]
    if not paths:
        where = baseline_path(sets[0]).parent
        raise UsageError(f"no baseline in {where}: `python -m evals baseline accept` makes one")
    for path in paths:
        terminal.print_baseline(read_baseline(path))
    return 0


def _set_of(report: Report, options: argparse.Namespace) -> Path:
    path: Path = options.set or PACKAGED_SETS / report.regression_set.name
    return path


COMMANDS = {
    "run": _evaluate,
    "nightly": _run_night,
    "locate": _locate,
    "claims": _measure_claims,
    "compare": _compare,
    "baseline": _baseline,
    **JUDGE_COMMANDS,
    **DRIFT_COMMANDS,
    **SET_COMMANDS,
}
