"""The command line of `python -m ingest`."""

import argparse
from pathlib import Path

ADD = """Make a corpus hold exactly what each SOURCE holds now and publish that as a release: new
and changed files are read, unchanged ones skipped, files that vanished from a given SOURCE
removed. What was added from another SOURCE before stays: after `add A` and `add B` it holds
both."""
FORGET = """Erase sources, and all that has the same bytes, from the ledger, the kept originals, the
embeddings and every release, pinned or not; prints a receipt of hashes and the result of a byte
scan of the corpus folder. A tombstone keeps them out of later runs of `add` until `--lift`."""
PURPOSES = {
    "add": "read sources, publish",
    "receipts": "the erasures, their receipts, and whether they are finished",
    "remove": "take sources out, publish",
    "forget": "erase sources",
    "status": "how many sources are in which state, and each of them",
    "roots": "the SOURCEs that were added, and what was said of each",
    "releases": "the releases that are kept",
    "rollback": "make the release before the live one live, and hold the corpus there",
    "rebuild": "make a release anew from the ledger, embedding only what that lacks",
    "publish": "make a release live; one that is not the newest holds the corpus there",
    "pin": "keep a release for ever",
    "unpin": "let a release be removed when it is old",
    "verify": "check that releases are undamaged and answer",
    "gc": "remove old releases, and originals and embeddings that nothing uses",
}
STATES = ("indexed", "duplicate", "empty", "skipped", "quarantined")
REMOVE = """Take sources, and all below them, out of the next release; they stay in the releases
before it. To erase use `forget`."""


def build_parser(prog: str = "python -m ingest") -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog=prog, description="Bring documents into a corpus and publish them."
    )
    subparsers = parser.add_subparsers(dest="command", required=True)
    descriptions = {"add": ADD, "remove": REMOVE, "forget": FORGET}
    commands = {
        name: subparsers.add_parser(name, help=purpose, description=descriptions.get(name, purpose))
        for name, purpose in PURPOSES.items()
    }
    _describe_add(commands["add"])
    commands["receipts"].add_argument("id", nargs="?", metavar="ID", help="print this one whole")
    commands["remove"].add_argument("source", nargs="+", metavar="SOURCE")
    _describe_forget(commands["forget"])
    for name in ("publish", "pin", "unpin"):
        commands[name].add_argument("release", type=int, metavar="N")
    commands["verify"].add_argument(
        "release", type=int, nargs="?", metavar="N", help="default: each"
    )
    commands["gc"].add_argument(
        "--keep", type=_count, default=3, metavar="N", help="releases (default: 3)"
    )
    _describe_status(commands["status"])
    for name in ("add", "remove", "rebuild"):
        _describe_hold(commands[name])
    for name in ("publish", "rollback"):
        _add_flag(commands[name], "--widen", "also where more may read in it than now")
    for name in ("add", "remove", "rebuild", "publish"):
        _describe_force(commands[name])
    for command in commands.values():
        command.add_argument("--corpus", required=True, help="name of the corpus")
        command.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")
        _add_flag(command, "--json", "print JSON lines for programs")
    return parser


def _add_list(parser: argparse._ActionsContainer, name: str, metavar: str, purpose: str) -> None:
    """An option that may be given several times."""
    parser.add_argument(name, action="append", default=[], metavar=metavar, help=purpose)


def _add_flag(parser: argparse._ActionsContainer, name: str, purpose: str) -> None:
    parser.add_argument(name, action="store_true", help=purpose)


def _describe_add(add: argparse.ArgumentParser) -> None:
    add.add_argument(
        "source",
        nargs="+",
        metavar="SOURCE",
        help="a file, a folder, a glob, or a URL (s3://, gs://, github://, zip://, https://, ...)",
    )
    chosen = add.add_argument_group("which files", "patterns as in .gitignore")
    _add_list(chosen, "--include", "PATTERN", "take only files that match, e.g. '*.md'")
    left_out = "leave out files and folders that match, e.g. 'drafts/'"
    _add_list(chosen, "--exclude", "PATTERN", left_out)
    _add_flag(chosen, "--allow-web", "read https:// pages and sitemaps")
    said = "holds for each SOURCE, and all below it, until it is said anew"
    _describe_labels(add.add_argument_group("what is said of them", said))
    _describe_reading(add)


def _describe_labels(labels: argparse._ArgumentGroup) -> None:
    _add_list(labels, "--meta", "KEY=VALUE", "metadata, to filter by; an empty one takes it away")
    _add_list(labels, "--tag", "TAG", "a tag; an empty one takes all")
    readers = "who may read them (default: as said before, at first public, everybody)"
    _add_list(labels, "--acl", "GROUP,...", readers)
    _add_flag(
        labels,
        "--widen",
        "let documents be readable by more than before; without it they stay as they were",
    )


def _describe_reading(add: argparse.ArgumentParser) -> None:
    add.add_argument(
        "--ocr",
        nargs="?",
        const="eng",
        default="",
        metavar="LANGUAGES",
        help="read pictures of text with Tesseract, e.g. deu+eng (default: eng)",
    )
    add.add_argument(
        "--language",
        help="stemming and stop words (default: the corpus', at first that of its texts)",
    )
    _add_flag(add, "--checksum", "read every file again, whatever its size and time")
    add.add_argument(
        "--gate",
        metavar="SET",
        help="from now on publish only what answers this regression set no worse than what is "
        "live; an empty one ends that",
    )
    _add_flag(add, "--watch", "stay, and follow the sources as they change")
    add.add_argument(
        "--quiet-period",
        type=_seconds,
        default=2.0,
        metavar="S",
        help="with --watch: seconds without a change before they are read (default: 2)",
    )


def _describe_status(status: argparse.ArgumentParser) -> None:
    status.add_argument("name", nargs="?", default="", metavar="NAME", help="part of the name")
    status.add_argument("--state", default="", choices=STATES, help="only sources in this state")
    status.add_argument("--root", default="", metavar="SOURCE", help="only sources below this")


def _describe_hold(command: argparse.ArgumentParser) -> None:
    live = command.add_argument_group("going live")
    _add_flag(
        live,
        "--allow-shrink",
        "publish although more than a third of a SOURCE, or all there was, is gone",
    )
    group = live.add_mutually_exclusive_group()
    _add_flag(group, "--resume", "publish although the corpus is held")
    _add_flag(group, "--build", "make a release that waits for `publish N`; what is live stays")


def _describe_force(command: argparse.ArgumentParser) -> None:
    gate = command.add_argument_group("the gate")
    _add_flag(gate, "--force", "publish although the gate refuses it; needs --why")
    gate.add_argument("--why", default="", help="why it is published all the same; is kept")


def _describe_forget(forget: argparse.ArgumentParser) -> None:
    _add_list(forget, "--source", "SOURCE", "a path or URI as it was added, and all below it")
    about = "all documents whose metadata `subject` is or holds this"
    _add_list(forget, "--subject", "SUBJECT", about)
    _add_flag(forget, "--dry-run", "only name what would be erased")
    _add_flag(forget, "--lift", "let the sources be added again instead")


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _seconds(text: str) -> float:
    seconds = float(text)
    if not 0.05 <= seconds <= 3600:
        raise argparse.ArgumentTypeError("must be from 0.05 to 3600")
    return seconds
