"""`python -m ingest`: bring documents into a corpus, and see or choose what is live."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

from rag.errors import CorpusNotFound, RagError, ReleaseNotFound, UsageError

if TYPE_CHECKING:
    from ingest.pipeline import Workshop
    from ingest.printing import TerminalProgress
    from ingest.publishing import CorpusFolder
    from rag.settings import Settings

ADD = """Make a corpus hold exactly what each SOURCE holds now and publish that as a release: new
and changed files are read, unchanged ones skipped, files that vanished from a given SOURCE
removed. What was added from another SOURCE before stays: after `add A` and `add B` it holds
both."""


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m ingest", description="Bring documents into a corpus and publish them."
    )
    commands = parser.add_subparsers(dest="command", required=True)
    add = commands.add_parser("add", help="read sources and publish a release", description=ADD)
    add.add_argument("source", nargs="+", metavar="SOURCE", help="a file, a folder or a glob")
    add.add_argument(
        "--language", help="stemming and stop words (default: the corpus', or english)"
    )
    for name, purpose in (
        ("status", "each source and its state"),
        ("releases", "the releases that are kept"),
        ("rollback", "make the release before the live one live"),
    ):
        commands.add_parser(name, help=purpose, description=purpose)
    publish = commands.add_parser("publish", help="make a release that is kept live")
    publish.add_argument("release", type=int)
    for command in commands.choices.values():
        command.add_argument("--corpus", required=True, help="name of the corpus")
        command.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")
        command.add_argument("--json", action="store_true", help="print JSON lines for programs")
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns its exit code, errors are one line on stderr."""
    options = build_parser().parse_args(arguments)
    signal.signal(signal.SIGTERM, _terminate)
    try:
        code = _run(options)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except RagError as error:
        print(f"ingest: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    except KeyboardInterrupt:
        print("ingest: interrupted", file=sys.stderr)  # noqa: T201 - a command's output
        return 130


def _terminate(number: int, frame: object) -> NoReturn:
    sys.exit(128 + number)


def _run(options: argparse.Namespace) -> int:
    from ingest.publishing import CorpusFolder
    from rag.releases import corpus_folder
    from rag.settings import load_settings

    settings = load_settings(data=options.data)
    folder = CorpusFolder(corpus_folder(settings.data, options.corpus))
    if options.command == "add":
        return _add(options, settings, folder)
    if not folder.ledger.exists():
        raise CorpusNotFound(f"no corpus {options.corpus!r} in {settings.data}")
    if options.command == "status":
        return _status(folder, as_json=options.json)
    if options.command in ("rollback", "publish"):
        _change_live(folder, getattr(options, "release", None))
    return _releases(folder, as_json=options.json)


def _add(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest import printing
    from ingest.pipeline import add
    from ingest.sources import scan

    found = scan(options.source)
    progress = printing.TerminalProgress()
    workshop = _equip(settings, progress, _check_language(options.language))
    with progress.bars:
        report = add(folder, found, workshop)
    if options.json:
        printing.print_report_as_json(report)
    else:
        printing.print_report(report)
    return report.exit_code


def _check_language(language: str | None) -> str | None:
    from rag.adapters.tantivy import STEMMED, STEMMED_WITH_STOP_WORDS

    known = sorted(STEMMED | STEMMED_WITH_STOP_WORDS)
    if language is None or language in known:
        return language
    raise UsageError(f"language {language[:40]!r} is unknown: use one of {', '.join(known)}")


def _equip(settings: "Settings", progress: "TerminalProgress", language: str | None) -> "Workshop":
    from ingest.building import Engines
    from ingest.pipeline import Workshop
    from rag import bootstrap

    return Workshop(
        embedder=bootstrap.embedder_fingerprint(settings),
        load_embedder=lambda: bootstrap.load_embedder(settings),
        engines=Engines(bootstrap.vector_index_builder(), bootstrap.lexical_index_builder()),
        language=language,
        progress=progress,
    )


def _status(folder: "CorpusFolder", *, as_json: bool) -> int:
    from ingest.ledger import open_ledger
    from ingest.printing import print_sources

    with open_ledger(folder.ledger) as ledger:
        print_sources(list(ledger.sources().values()), as_json=as_json)
    return 0


def _releases(folder: "CorpusFolder", *, as_json: bool) -> int:
    from ingest.printing import print_releases

    manifests = [folder.manifest(number) for number in folder.numbers()]
    print_releases([each for each in manifests if each], folder.live(), as_json=as_json)
    return 0


def _change_live(folder: "CorpusFolder", number: int | None) -> None:
    from ingest.pipeline import now_utc
    from ingest.publishing import make_live, writer_lock

    live = folder.live()
    if number is None:
        earlier = [each for each in folder.numbers() if live is not None and each < live]
        if not earlier:
            raise ReleaseNotFound(f"corpus {folder.name!r} has no release before {live}")
        number = earlier[-1]
    with writer_lock(folder, now_utc()):
        make_live(folder, number)


if __name__ == "__main__":
    sys.exit(main())
