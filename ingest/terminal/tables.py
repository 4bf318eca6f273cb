"""Runs and releases on a terminal, or as JSON lines for programs."""

import json
import sys
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.table import Table
from rich.text import Text

from ingest.releases.erasure import Doomed, Receipt
from ingest.runs.upkeep import Freed, Verified
from rag.releases.folder import Hold, tell_search
from rag.releases.manifest import Manifest


@dataclass(frozen=True, slots=True)
class ReleaseStates:
    """What is known of releases beside their manifests: `decisions` says what the gate refused."""

    live: int | None
    pins: Collection[int]
    hold: Hold | None
    decisions: Mapping[int, str]


def print_releases(manifests: Sequence[Manifest], states: ReleaseStates, *, as_json: bool) -> None:
    """Each release that is kept, the live and pinned ones marked, then the gate's word and hold."""
    hold, live, pins = states.hold, states.live, states.pins
    if as_json:
        for manifest in manifests:
            number = manifest.release
            held = str(hold) if hold and hold.release == number else ""
            flags = {"live": number == live, "pinned": number in pins, "held": held}
            gate = {"gate": states.decisions.get(number, "")}
            print_json(asdict(manifest) | flags | gate)
        return
    rows = []
    for manifest in manifests:
        marks = " (live)" * (manifest.release == live) + " (pinned)" * (manifest.release in pins)
        counts = (f"{manifest.documents:,}", f"{manifest.chunks:,}")
        embedder = manifest.embedder_name or manifest.embedder
        made = (f"{manifest.release}{marks}", manifest.created, *counts)
        rows.append((*made, embedder, tell_search(manifest)))
    print_table(("release", "created", "documents", "chunks", "embedder", "searched"), rows)
    for manifest in manifests:
        if told := states.decisions.get(manifest.release):
            say(f"release {manifest.release}: {told}")
    if hold:
        say(f"{hold}; `add --resume` or `publish N` ends that")


def print_verified(checked: Sequence[Verified], *, as_json: bool) -> None:
    """Each release that was checked, and what is wrong with it."""
    if not checked and not as_json:
        say("no release to check: nothing has been published yet")
    for each in checked:
        if as_json:
            print_json(asdict(each))
        else:
            say(f"release {each.release}: {each.problem or 'sound'}")


def print_freed(freed: Freed, *, as_json: bool) -> None:
    """What the garbage collection removed."""
    if as_json:
        print_json(asdict(freed))
        return
    say(
        f"removed {len(freed.releases)} releases, {freed.blobs} originals and "
        f"{freed.embeddings} embeddings: {freed.bytes / 1e6:,.1f} MB"
    )
    if not freed.is_compacted:
        say("the ledger was not compacted, there is no room for a copy of it: run gc again later")


def print_doomed(doomed: Sequence[Doomed], *, as_json: bool) -> None:
    """The sources that an erasure would be of, each with the number of its versions."""
    for each in doomed:
        if as_json:
            said = {"source": each.name, "uri": each.uri, "because": each.because}
            print_json(said | {"versions": list(each.contents)})
        else:
            because = f" ({each.because})" if each.because else ""
            say(f"{each.name}: {len(each.contents)} versions{because}")


def print_receipt(receipt: Receipt, *, shared: Sequence[str], as_json: bool) -> None:
    """What was erased, in hashes, and whether a byte scan still found some of it.

    `shared` are the names of sources that stay and hold pieces of the same text.
    """
    if as_json:
        print_json(asdict(receipt) | {"is_clean": receipt.is_clean})
        return
    for name in ("sources", "versions", "documents"):
        for key in getattr(receipt, name):
            say(f"erased {name[:-1]} {key}")
    removed = ", ".join(map(str, receipt.releases_removed)) or "none"
    say(f"erased {receipt.embeddings} embeddings and releases {removed}")
    live = "nothing" if receipt.release is None else f"{receipt.corpus}@{receipt.release}"
    say(f"live is {live}; receipt {receipt.id}; begun {receipt.begun}")
    scanned = f"{receipt.scanned_files} files, {receipt.scanned_bytes:,} bytes scanned"
    say(f"{scanned}: {_judge(receipt)}")
    if shared:
        say(f"pieces of the same text stand in sources that stay: {', '.join(shared)}")


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
            print_json(asdict(receipt) | {"is_clean": receipt.is_clean})
        else:
            sources = f"{len(receipt.sources)} sources, {len(receipt.versions)} versions"
            say(f"{receipt.id}  begun {receipt.begun}  {sources}  {_judge(receipt)}")


def print_lifted(count: int) -> None:
    """How many tombstones were taken away."""
    say(f"{count} tombstones lifted: `add` takes these sources in again")


def print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under a header: fitted to a terminal, whole and one line each anywhere else."""
    if sys.stdout.isatty():
        table = Table(*header, box=None, pad_edge=False)
        for row in rows:
            table.add_row(*map(Text, row))
        Console().print(table)
        return
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    for row in (header, *rows):
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        say("  ".join(cells).rstrip())


def say(line: str) -> None:
    """Write a line whole, however long it is."""
    Console().print(Text(line), soft_wrap=True)


def print_json(value: object) -> None:
    """Write a value as one line for programs."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
