"""`python -m rag`: questions from the terminal, and texts that are checked."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from rag.errors import RagError
from rag.retrieval.retrievers import RETRIEVERS


def build_parser(prog: str = "python -m rag") -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Search a corpus, ask it a question, or check a text against it.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    search = commands.add_parser("search", help="ranked chunks with their scores, no chat model")
    ask = commands.add_parser("ask", help="an answer with exact quotes, or an abstention")
    explain = commands.add_parser("explain", help="why a search finds what it finds, or does not")
    for command in (search, ask, explain):
        command.add_argument("question")
        command.add_argument("--corpus", required=True, help="name of the corpus")
        _add_reader(command)
        command.add_argument("--mode", choices=[*RETRIEVERS], help="RAG_RETRIEVER")
        command.add_argument("--no-rerank", action="store_true", help="leave the reranker out")
        command.add_argument(
            "--filter",
            dest="filters",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            help='documents with that value, or FIELD=JSON such as year={"gte": 2020}; repeatable',
        )
    _add_check(commands.add_parser("check", help="which sentences of a text a corpus supports"))
    for command in (search, explain):
        command.add_argument("--top-k", type=int, help="hits to show, 1 to 100 (RAG_TOP_K)")
    explain.add_argument("--document", metavar="ID_OR_SOURCE", help="follow this document's way")
    return parser


def _add_check(command: argparse.ArgumentParser) -> None:
    command.add_argument("text", help="the text, or - to read it from standard input")
    against = command.add_mutually_exclusive_group(required=True)
    against.add_argument("--corpus", help="name of the corpus")
    against.add_argument(
        "--passages", type=Path, metavar="FILE", help="JSON list of passages: id, text, title"
    )
    command.add_argument("--question", default="", help="what the text answers")
    _add_reader(command)


def _add_reader(command: argparse.ArgumentParser) -> None:
    command.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")
    command.add_argument("--json", action="store_true", help="print JSON for programs")
    command.add_argument(
        "--as",
        dest="principals",
        action="append",
        default=[],
        metavar="PRINCIPAL",
        help="ask as a reader of that group, repeatable; without: what is public",
    )


def main(arguments: Sequence[str] | None = None, prog: str = "python -m rag") -> int:
    """Run one command; returns its exit code, errors are one line on stderr."""
    options = build_parser(prog).parse_args(arguments)
    try:
        from rag.terminal.commands import run

        return run(options, os.environ)
    except RagError as error:
        print(f"rag: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    except KeyboardInterrupt:
        print("rag: interrupted", file=sys.stderr)  # noqa: T201 - a command's output
        return 130


if __name__ == "__main__":
    sys.exit(main())
