"""The options of the commands that look after regression sets."""

import argparse
from pathlib import Path
from typing import TypeVar

Parser = TypeVar("Parser", bound=argparse.ArgumentParser)

LINT_EXIT_CODES = """\
exit codes:
  0  nothing but warnings
  2  a sample is wrong or cannot be measured; with --strict, any warning
  4  the set cannot be read
  66, 74, 78  no such corpus, the disk, a setting or a model
"""


def add_lint(commands: "argparse._SubParsersAction[Parser]") -> None:
    """`lint SET --corpus NAME`."""
    lint = commands.add_parser(
        "lint",
        help="tell what is wrong with a regression set",
        description="Tell what is wrong with a regression set and what to do, the gravest first.",
        epilog=LINT_EXIT_CODES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    lint.add_argument("set", type=Path, help="regression set, JSONL")
    lint.add_argument("--corpus", required=True, help="name of the corpus")
    lint.add_argument("--strict", action="store_true", help="exit with 2 for warnings as well")
    lint.add_argument("--json", action="store_true", help="print the findings for programs")
    _add_data(lint)


def add_harvest(commands: "argparse._SubParsersAction[Parser]") -> None:
    """`harvest FEEDBACK --corpus NAME --out DRAFT`."""
    harvest = commands.add_parser(
        "harvest",
        help="turn feedback into drafts of samples",
        description="Turn feedback on answers into drafts of samples, the worst first, for people "
        "to review: no set takes a draft as it is.",
    )
    harvest.add_argument("feedback", type=Path, help="feedback, JSONL")
    harvest.add_argument("--corpus", required=True, help="name of the corpus")
    harvest.add_argument("--out", type=Path, required=True, help="a new file for the drafts, JSONL")
    harvest.add_argument(
        "--set",
        type=Path,
        action="append",
        default=[],
        help="a regression set whose questions are left out; may be repeated",
    )
    _add_data(harvest)


def add_generate(commands: "argparse._SubParsersAction[Parser]") -> None:
    """`generate --corpus NAME --out DRAFT`."""
    generate = commands.add_parser(
        "generate",
        help="let a chat model draft samples from a corpus",
        description="Let the chat model (RAG_CHAT_MODEL) draft questions about chunks of a corpus, "
        "with Ragas' prompts, for people to review: no set takes a draft as it is.",
    )
    generate.add_argument("--corpus", required=True, help="name of the corpus")
    generate.add_argument("--out", type=Path, required=True, help="a new file for the drafts")
    generate.add_argument("--n", type=positive, default=20, help="the most drafts (20)")
    generate.add_argument("--seed", type=int, default=1, help="chooses the chunks (1)")
    _add_data(generate)


def _add_data(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")


def positive(text: str) -> int:
    """A whole number of at least 1."""
    if not text.isdecimal() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)
