"""Runs and releases on a terminal, or as JSON lines for programs."""

import json
import sys
from collections.abc import Collection, Sequence
from dataclasses import asdict

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.erasure import Doomed, Receipt
from ingest.ledger import SourceRow
from ingest.outcomes import Outcome, Report
from ingest.upkeep import Freed, Verified
from rag.domain import Manifest
from rag.errors import RagError
from rag.releases import Hold, tell_search


def print_report(report: Report) -> None:
    """How many sources ended in which state, why some were quarantined, what is live now."""
    console = Console()
    table = Table("state", "sources", box=None, pad_edge=False)
    for state, count in report.counts.items():
        table.add_row(state, str(count))
    table.add_row("all", str(len(report.outcomes)), style="bold")
    console.print(table)
    for outcome in report.outcomes:
        if outcome.reason or outcome.empty_pages:
            console.print(Text(f"{outcome.state}: {outcome.source}: {_remark(outcome)}"))
    release = "no release" if report.release is None else f"{report.corpus}@{report.release}"
    how = "published" if report.published else "nothing published, live is"
    if report.built:
        _say(f"built release {report.built}: `publish {report.built}` makes it live")
    if report.held:
        _say(f"{report.corpus} is {report.held}; `--resume` or `publish N` ends that")
    console.print(
        f"{how} {release}: {report.chunks} chunks, {report.embedded} embedded, "
        f"{report.seconds:.1f} s",
        highlight=False,
    )
    if report.search:
        console.print(f"{release} is searched {report.search}", highlight=False)


def _remark(outcome: Outcome) -> str:
    """Why a source is in its state, and which of its pages hold no text."""
    if not outcome.empty_pages:
        return outcome.reason
    pages = f"{outcome.pages} pages, no text on {outcome.empty_pages}"
    return f"{outcome.reason}; {pages}" if outcome.reason else pages


def print_report_as_json(report: Report) -> None:
    """One line a source, then one line for the run."""
    for outcome in report.outcomes:
        _print_json(asdict(outcome))
    summary = {
        "release": report.release,
        "published": report.published,
        "built": report.built,
        "held": report.held,
        "counts": dict(report.counts),
        "embedded": report.embedded,
        "chunks": report.chunks,
        "seconds": report.seconds,
        "timings": dict(report.timings),
        "search": report.search,
    }
    _print_json(summary)


def print_sources(rows: Sequence[SourceRow], *, as_json: bool) -> None:
    """Each source with its state after the last run, and how much of it was kept."""
    if as_json:
        for row in rows:
            _print_json(
                {
                    "source": row.name,
                    "uri": row.uri,
                    "state": row.state,
                    "reason": row.reason,
                    "characters": row.characters,
                    "pages": row.pages,
                    "empty_pages": row.empty_pages,
                }
            )
        return
    table = Table("state", "source", "characters", "pages", "reason", box=None, pad_edge=False)
    for row in rows:
        pages = f"{row.pages} (no text: {row.empty_pages})" if row.empty_pages else str(row.pages)
        texts = (row.name, f"{row.characters:,}", pages if row.pages else "", row.reason)
        table.add_row(row.state, *map(Text, texts))
    Console().print(table)


def print_releases(
    manifests: Sequence[Manifest], live: int | None, pins: Collection[int], *, as_json: bool
) -> None:
    """Each release that is kept, the live and the pinned ones marked."""
    if as_json:
        for manifest in manifests:
            flags = {"live": manifest.release == live, "pinned": manifest.release in pins}
            _print_json(asdict(manifest) | flags)
        return
    columns = ("release", "created", "documents", "chunks", "searched", "embedder")
    table = Table(*columns, box=None, pad_edge=False)
    for manifest in manifests:
        marks = " (live)" * (manifest.release == live) + " (pinned)" * (manifest.release in pins)
        table.add_row(
            f"{manifest.release}{marks}",
            manifest.created,
            str(manifest.documents),
            str(manifest.chunks),
            tell_search(manifest),
            manifest.embedder,
        )
    Console().print(table)


def print_verified(checked: Sequence[Verified], *, as_json: bool) -> None:
    """Each release that was checked, and what is wrong with it."""
    for each in checked:
        if as_json:
            _print_json(asdict(each))
        else:
            _say(f"release {each.release}: {each.problem or 'sound'}")


def print_freed(freed: Freed, *, as_json: bool) -> None:
    """What the garbage collection removed."""
    if as_json:
        _print_json(asdict(freed))
        return
    _say(
        f"removed {len(freed.releases)} releases, {freed.blobs} originals and "
        f"{freed.embeddings} embeddings: {freed.bytes / 1e6:,.1f} MB"
    )
    if not freed.is_compacted:
        _say("the ledger was not compacted, there is no room for a copy of it: run gc again later")


def print_doomed(doomed: Sequence[Doomed], *, as_json: bool) -> None:
    """The sources that an erasure would be of, each with the number of its versions."""
    for each in doomed:
        if as_json:
            said = {"source": each.name, "uri": each.uri, "because": each.because}
            _print_json(said | {"versions": list(each.contents)})
        else:
            because = f" ({each.because})" if each.because else ""
            _say(f"{each.name}: {len(each.contents)} versions{because}")


def print_receipt(receipt: Receipt, *, shared: Sequence[str], as_json: bool) -> None:
    """What was erased, in hashes, and whether a byte scan still found some of it.

    `shared` are the names of sources that stay and hold pieces of the same text.
    """
    if as_json:
        _print_json(asdict(receipt) | {"is_clean": receipt.is_clean})
        return
    for name in ("sources", "versions", "documents"):
        for key in getattr(receipt, name):
            _say(f"erased {name[:-1]} {key}")
    removed = ", ".join(map(str, receipt.releases_removed)) or "none"
    _say(f"erased {receipt.embeddings} embeddings and releases {removed}")
    live = "nothing" if receipt.release is None else f"{receipt.corpus}@{receipt.release}"
    _say(f"live is {live}; receipt {receipt.id}; begun {receipt.begun}")
    scanned = f"{receipt.scanned_files} files, {receipt.scanned_bytes:,} bytes scanned"
    _say(f"{scanned}: {_judge(receipt)}")
    if shared:
        _say(f"pieces of the same text stand in sources that stay: {', '.join(shared)}")


def _judge(receipt: Receipt) -> str:
    if receipt.residue:
        return (
            f"SOME OF IT IS STILL IN {', '.join(receipt.residue)}: remove what does not belong "
            "there; the next `gc` or `add` scans again"
        )
    if not receipt.is_scanned:
        return "not known what to look for; `verify` and a backup scan may tell more"
    return f"nothing of it is left, {receipt.erased}" if receipt.erased else "not finished"


def print_receipts(receipts: Sequence[Receipt], *, as_json: bool) -> None:
    """Every erasure in a line."""
    for receipt in receipts:
        if as_json:
            _print_json(asdict(receipt) | {"is_clean": receipt.is_clean})
        else:
            sources = f"{len(receipt.sources)} sources, {len(receipt.versions)} versions"
            _say(f"{receipt.id}  begun {receipt.begun}  {sources}  {_judge(receipt)}")


def print_hold(hold: Hold) -> None:
    """Why nothing newer goes live by itself, and what ends that."""
    _say(f"{hold}; `add --resume` or `publish N` ends that")


def print_lifted(count: int) -> None:
    """How many tombstones were taken away."""
    _say(f"{count} tombstones lifted: `add` takes these sources in again")


def print_problem(error: RagError) -> None:
    """A problem that does not end the run."""
    sys.stderr.write(f"ingest: {error}\n")


def _say(line: str) -> None:
    Console().print(Text(line), soft_wrap=True)


def _print_json(value: object) -> None:
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
