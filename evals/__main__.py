"""`python -m evals`: measure a corpus, the support check or the judge, prepare regression sets."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Never

from evals.set_options import add_generate, add_harvest, add_lint, positive
from rag.errors import InvalidRegressionSet, NotMeasured, RagError, UsageError

USAGE = InvalidRegressionSet.exit_code  # 1 to 3 say what was measured
EXIT_CODES = """\
exit codes, the highest that applies:
  0  measured and passed
  1  regression since the earlier run: a critical sample lost, or a metric that gates fell
     by its least drop, and by more than chance explains (Holm-adjusted p below alpha)
  2  a floor is broken, or a critical sample is not right
  3  could not measure: too few values of a metric, a critical sample, or no such report
  4  usage: an option, the set or gates.toml cannot be meant; the runs cannot be compared,
     as they are of another set, judge or other samples
before anything is measured: 66 no such corpus, 74 the disk, 75 a night is under way,
  78 a setting or a model
"""
DRIFT_EXIT_CODES = """\
exit codes:
  0  no alarm
  1  alarm: at least one detector found a change
  3  insufficient data: no detector had enough values, or there is no log
  4  usage: an option or a line of the log cannot be meant
before anything is read: 66 no such corpus, 74 the disk, 78 a setting or a model
"""
HANDBOOK = Path(__file__).parent / "sets" / "handbook.jsonl"


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Never:
        self.print_usage(sys.stderr)
        self.exit(USAGE, f"{self.prog}: {message}\n")


def build_parser(prog: str = "python -m evals") -> argparse.ArgumentParser:
    """The command line."""
    parser = _Parser(prog=prog, description="Measure how well a corpus answers.")
    commands = parser.add_subparsers(dest="command", required=True)
    _add_runs(commands)
    _add_checks(commands)
    _add_gate_commands(commands)
    _add_drift(commands)
    add_lint(commands)
    add_harvest(commands)
    add_generate(commands)
    return parser


def _add_runs(commands: "argparse._SubParsersAction[_Parser]") -> None:
    run = commands.add_parser(
        "run",
        help="put a regression set to the live release, write a report",
        description="Ask the live release of a corpus all questions of a regression set, measure "
        "the answers, compare them with the set's baseline, write a report. What a run must reach "
        "is in gates.toml beside the set.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    run.add_argument("--judge", action="store_true", help="also ask the judge (RAG_JUDGE_MODEL)")
    run.add_argument("--json", action="store_true", help="print the JSON of record for programs")
    _describe_run(run, Path("reports"))
    nightly = commands.add_parser(
        "nightly",
        help="run by itself: resumed where it was cut off, told in one line",
        description="As `run`, with the judge if RAG_JUDGE_MODEL is set. The run is also held "
        "against the median of the last seven nights, and told in one line, on stdout and to "
        "RAG_NIGHT_WEBHOOK. A night that was cut off goes on where it was.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    _describe_run(nightly, Path("nights"))


def _add_checks(commands: "argparse._SubParsersAction[_Parser]") -> None:
    locate = commands.add_parser("locate", help="fill in and check the evidence spans of a set")
    locate.add_argument("set", type=Path, help="regression set, JSONL; rewritten in place")
    locate.add_argument("--corpus", required=True, help="name of the corpus")
    claims = commands.add_parser(
        "claims",
        help="measure the support check on labelled claims",
        description="Hold every claim of a set against the passage around its quote, and against "
        "what its corpus finds, and count by kind how often the support check is right.",
    )
    claims.add_argument("--set", type=Path, required=True, help="claim set, JSONL")
    claims.add_argument("--answers", type=Path, help="also measure labelled answers, JSONL")
    claims.add_argument("--pairs", type=Path, help="also measure right and made-up answers, JSONL")
    judge_check = commands.add_parser(
        "judge-check",
        help="measure the judge on claims known to be true or false",
        description="Put labelled claims with their evidence to the judge (RAG_JUDGE_MODEL) as "
        "faithfulness does, and count how often it is right. The exit code is 3 if it errs too "
        "often, or gives too few answers.",
    )
    judge_check.add_argument("--set", type=Path, help="claim set, JSONL, in place of the packaged")
    judge_check.add_argument(
        "--repeats", type=positive, default=3, help="repeats of each judgement (3)"
    )
    for command in (locate, claims, judge_check):
        command.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")


def _describe_run(run: argparse.ArgumentParser, out: Path) -> None:
    run.add_argument("--set", type=Path, default=HANDBOOK, help="regression set, JSONL")
    run.add_argument("--corpus", default="handbook", help="name of the corpus (handbook)")
    run.add_argument(
        "--target", metavar="URL", default="", help="ask a running service (RAG_TARGET_API_KEY)"
    )
    run.add_argument("--out", type=Path, default=out, help="folder of the reports")
    run.add_argument(
        "--no-judge-check",
        action="store_true",
        help="do not check the judge by known claims first",
    )
    run.add_argument("--repeats", type=positive, default=3, help="repeats of each judgement (3)")
    run.add_argument(
        "--limit", type=positive, metavar="N", help="ask only N samples, from all over the set"
    )
    run.add_argument(
        "--slice", default="", metavar="TAG", help="ask only the samples that have this tag"
    )
    run.add_argument(
        "--floor",
        type=_floor,
        action="append",
        default=[],
        metavar="METRIC=SHARE",
        help="the least mean of a metric, in place of the set's; may be repeated",
    )
    baseline = run.add_mutually_exclusive_group()
    baseline.add_argument(
        "--baseline",
        type=Path,
        metavar="RUN",
        help="the run to compare with, a report or a baseline, in place of the set's baseline",
    )
    baseline.add_argument("--no-baseline", action="store_true", help="compare with no run")
    run.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")


def _add_drift(commands: "argparse._SubParsersAction[_Parser]") -> None:
    drift = commands.add_parser(
        "drift",
        help="compare what the service is asked of late with what it was asked before",
        description="Compare two stretches of the log of questions (RAG_QUESTION_LOG): what is "
        "asked, what is found, how answers end. An alarm is a change beyond chance, Holm-adjusted "
        "over all detectors.",
        epilog=DRIFT_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    drift.add_argument("--corpus", required=True, help="name of the corpus")
    for name, default in (("reference", "the four weeks before"), ("current", "the last 7 days")):
        drift.add_argument(f"--{name}", metavar="FROM..TO", help=f"two days, UTC ({default})")
    drift.add_argument(
        "--log", type=Path, metavar="FILE", help="JSONL with `asked` and `question` on each line"
    )
    drift.add_argument(
        "--canaries",
        type=Path,
        nargs=2,
        metavar=("BEFORE", "AFTER"),
        help="two runs of one set, whose ten best hits are compared",
    )
    drift.add_argument("--json", action="store_true", help="print the report for programs")
    drift.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")


def _add_gate_commands(commands: "argparse._SubParsersAction[_Parser]") -> None:
    compare = commands.add_parser(
        "compare",
        help="compare two runs of one set, or two settings, question by question",
        description="Compare run B with run A: each a report, its folder, or a baseline. Or ask "
        "the live release of a corpus the set under two settings, and compare these runs. "
        "Releases, settings, prompts and models may differ, set, samples and judge may not.",
        epilog=EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    for name, metavar, purpose in (
        ("before", "A", "the run to be equalled"),
        ("after", "B", "the run that is decided on"),
    ):
        compare.add_argument(name, type=Path, nargs="?", metavar=metavar, help=purpose)
    compare.add_argument(
        "--settings",
        type=Path,
        nargs=2,
        metavar=("A.toml", "B.toml"),
        help="run both in place of A and B; settings in lower case, `release` asks a release",
    )
    compare.add_argument("--corpus", help="name of the corpus, with --settings")
    compare.add_argument("--out", type=Path, default=Path("reports"), help="folder of the reports")
    compare.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")
    compare.add_argument("--json", action="store_true", help="print the verdict for programs")
    baseline = commands.add_parser("baseline", help="the runs that later ones are held against")
    actions = baseline.add_subparsers(dest="action", required=True)
    accept = actions.add_parser("accept", help="make a run the baseline of its set")
    accept.add_argument("report", type=Path, metavar="REPORT", help="a report.json or its folder")
    accept.add_argument("--why", required=True, help="why later runs must equal this one")
    show = actions.add_parser("show", help="which run the baseline of a set is, and why")
    for command in (compare, accept, show):
        command.add_argument("--set", type=Path, help="its set, if it is not one of evals/sets")
    baseline.set_defaults(data=None)


def main(arguments: Sequence[str] | None = None, prog: str = "python -m evals") -> int:
    """Run one command; returns its exit code, errors are one line on stderr."""
    options = build_parser(prog).parse_args(arguments)
    try:
        from evals.commands import run

        return run(options, os.environ)
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
