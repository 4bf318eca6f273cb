"""The command `plumbline`: one name for the commands of all four packages."""

import argparse
import sys
from collections.abc import Callable, Sequence

from api.__main__ import main as serve
from evals.__main__ import main as evaluate
from evals.demo import main as demonstrate
from ingest.__main__ import main as ingest
from rag import __version__
from rag.__main__ import main as question

COMMANDS: dict[str, tuple[str, Callable[[Sequence[str], str], int]]] = {
    "ingest": ("bring documents into a corpus, see or choose what is live", ingest),
    "search": ("ranked chunks with their scores, no chat model", question),
    "ask": ("an answer with exact quotes, or an abstention", question),
    "explain": ("why a search finds what it finds, or does not", question),
    "serve": ("serve all corpora over HTTP, with a page", serve),
    "eval": ("measure how well a corpus answers", evaluate),
    "demo": ("ingest the example corpus, serve it, ask it a question", demonstrate),
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code. What follows its name is its own to read."""
    given = sys.argv[1:] if arguments is None else list(arguments)
    chosen = _parser().parse_args(given[:1]).command
    _, run = COMMANDS[chosen]
    if run is question:
        return run(given, "plumbline")
    return run(given[1:], f"plumbline {chosen}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="plumbline", description="Answers from your own documents that can be checked."
    )
    parser.add_argument("--version", action="version", version=f"plumbline {__version__}")
    commands = parser.add_subparsers(dest="command", required=True)
    for name, (purpose, _) in COMMANDS.items():
        commands.add_parser(name, help=purpose)
    return parser
