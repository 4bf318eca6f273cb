"""`python -m evals run` measures a corpus, `python -m evals locate` prepares a regression set."""

import argparse
import asyncio
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Never

from rag.errors import NotMeasured, RagError, SettingsError, UsageError

if TYPE_CHECKING:
    from evals.judging.judged import JudgedTier
    from evals.running import Run
    from rag.settings import Settings

HANDBOOK = Path(__file__).parent / "sets" / "handbook.jsonl"
USAGE = 4
EXIT_CODES = """\
exit codes, the highest that applies:
  0  measured and passed
  1  regression: a critical sample lost, or significantly more samples lost than gained,
     since the run of --baseline
  2  a floor is broken, or a critical sample is not right
  3  could not measure: more than a tenth of a metric's values, or a critical sample
  4  usage: an option, the set, its floors or the baseline cannot be meant
before anything is measured: 66 no such corpus, 74 the disk, 78 a setting or a model
"""


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Never:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def build_parser(prog: str = "python -m evals") -> argparse.ArgumentParser:
    """The command line."""
    parser = _Parser(prog=prog, description="Measure how well a corpus answers.")
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="put a regression set to the live release, write a report",
        description="Ask the live release of a corpus all questions of a regression set, measure "
        "the answers, write a report. The floors are those of SET.floors.toml beside the set.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("--set", type=Path, default=HANDBOOK, help="regression set, JSONL")
    run.add_argument("--corpus", default="handbook", help="name of the corpus (handbook)")
    run.add_argument("--out", type=Path, default=Path("reports"), help="folder of the reports")
    run.add_argument("--judge", action="store_true", help="also ask the judge (RAG_JUDGE_MODEL)")
    run.add_argument("--repeats", type=_positive, default=3, help="repeats of each judgement (3)")
    run.add_argument(
        "--limit", type=_positive, metavar="N", help="ask only N samples, from all over the set"
    )
    run.add_argument(
        "--floor",
        type=_floor,
        action="append",
        default=[],
        metavar="METRIC=SHARE",
        help="the least mean of a metric, in place of the set's; may be repeated",
    )
    run.add_argument(
        "--baseline", type=Path, metavar="REPORT", help="an earlier report.json, to compare with"
    )
    run.add_argument("--json", action="store_true", help="print the JSON of record for programs")
    locate = commands.add_parser("locate", help="fill in and check the evidence spans of a set")
    locate.add_argument("set", type=Path, help="regression set, JSONL; rewritten in place")
    locate.add_argument("--corpus", required=True, help="name of the corpus")
    for command in (run, locate):
        command.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")
    return parser


def main(arguments: Sequence[str] | None = None, prog: str = "python -m evals") -> int:
    """Run one command; returns its exit code, errors are one line on stderr."""
    options = build_parser(prog).parse_args(arguments)
    try:
        return _locate(options) if options.command == "locate" else _run(options)
    except RagError as error:
        _complain(str(error))
        return _exit_code(error)
    except KeyboardInterrupt:
        _complain("interrupted")
        return 130


def _exit_code(error: RagError) -> int:
    """The error's own code; 1 and 2 are kept for what was measured and found wanting."""
    if isinstance(error, UsageError):
        return USAGE
    return NotMeasured.exit_code if error.exit_code in (1, 2) else error.exit_code


def _run(options: argparse.Namespace) -> int:
    from evals import terminal
    from evals.reports import record, rendering
    from evals.running import evaluate
    from rag.releases.folder import release_folder
    from rag.settings import load_settings

    settings = load_settings(data=options.data)
    run = _plan(options)
    release_folder(settings.data, options.corpus)  # fails before a model is loaded
    judged = _load_judged_tier(settings, options.repeats) if options.judge else None
    from rag.bootstrap import open_plumbline

    plumbline = open_plumbline(settings)
    try:
        with terminal.ProgressBars() as bars:
            report = asyncio.run(evaluate(run, plumbline, judged, on_progress=bars.advance))
    finally:
        plumbline.close()
    folder = rendering.write_report(report, options.out)
    if options.json:
        print(record.to_json(report), end="")  # noqa: T201 - a command's output
    else:
        terminal.print_report(report, folder)
    for line in terminal.explain_verdict(report.verdict):
        _complain(line)
    return report.verdict.exit_code


def _plan(options: argparse.Namespace) -> "Run":
    from evals.gates.criteria import floors_path, read_baseline, read_floors
    from evals.running import Run
    from evals.samples.reading import read_set

    asked = read_set(options.set)
    run = Run(asked, options.corpus, options.limit)
    is_whole = run.samples == asked.samples
    given = dict(options.floor)
    criteria = read_floors(floors_path(options.set), asked, given, is_whole=is_whole)
    if options.baseline:
        baseline = read_baseline(options.baseline, asked, [sample.id for sample in run.samples])
        criteria = replace(criteria, baseline=baseline)
    return replace(run, criteria=criteria)


def _load_judged_tier(settings: "Settings", repeats: int) -> "JudgedTier":
    if not settings.judge_model:
        raise SettingsError(
            "RAG_JUDGE_MODEL is empty: name the judge's model, or leave out --judge"
        )
    try:
        from evals.judging.cache import JudgeCache
        from evals.judging.judge import Judge
        from evals.judging.judged import JudgedTier
    except ModuleNotFoundError as error:
        library = (error.name or "").split(".")[0]
        raise SettingsError(
            f"the judged tier needs {library}: run `pip install '.[evals]'`"
        ) from error
    from ingest.releases.erasure import JUDGE_CACHE
    from rag.bootstrap import load_embedder

    judge = Judge(
        settings.judge_model,
        base_url=settings.judge_base_url,
        api_key=settings.judge_api_key.get_secret_value(),
        cache=JudgeCache(settings.data / JUDGE_CACHE),
    )
    return JudgedTier(judge, load_embedder(settings), repeats=repeats)


def _locate(options: argparse.Namespace) -> int:
    from evals.samples.locating import Sources, locate_set
    from evals.samples.reading import read_lines
    from rag.bootstrap import open_release
    from rag.releases.folder import release_folder
    from rag.settings import load_settings

    lines = read_lines(options.set)
    data = load_settings(data=options.data).data
    release = open_release(release_folder(data, options.corpus))
    try:
        sources = Sources(release.documents.references(), release.documents.document)
        found = locate_set(options.set, lines, sources)
    finally:
        release.close()
    for problem in found.problems:
        _complain(problem)
    where = f"{options.corpus}@{release.manifest.release}"
    print(  # noqa: T201 - a command's output
        f"{found.checked} pieces of evidence stand in {where}, {found.changed} of them written"
    )
    return USAGE if found.problems else 0


def _positive(text: str) -> int:
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def _floor(text: str) -> tuple[str, float]:
    name, _, share = text.partition("=")
    try:
        floor = float(share)
    except ValueError:
        floor = -1.0
    if not 0 <= floor <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not METRIC=SHARE, as in right=0.8")
    return name, floor


def _complain(line: str) -> None:
    print(f"evals: {line}", file=sys.stderr)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
