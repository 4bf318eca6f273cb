"""What each command of `python -m ingest` does, and the setup it is done with."""

import argparse
import sys
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from ingest.adapters.tesseract import check_ocr
from ingest.corpus.folder import CorpusFolder
from ingest.corpus.opening import view_ledger
from ingest.corpus.setup import ChosenEmbedder, Setup
from ingest.gate import Gating, PublishGate
from ingest.limits import Limits
from ingest.releases.erasure import Receipt
from ingest.runs import adding, erasing, upkeep
from ingest.runs.outcomes import Report, Unpublished
from ingest.runs.watching import Pace, watch
from ingest.sources.labels import parse_labels
from ingest.sources.scanning import scan
from ingest.sources.selection import Selection
from ingest.sources.source import ScanOptions
from ingest.terminal import reports, tables
from ingest.terminal.listing import Choice, print_roots, print_sources
from ingest.terminal.progress import shown_progress
from ingest.terminal.reports import News
from rag import bootstrap
from rag.adapters.embedding.weights import PACKAGED, PAIR, choose_model
from rag.adapters.indexes.tantivy import LANGUAGES
from rag.errors import CorpusNotFound, StorageError, UsageError
from rag.releases.folder import corpus_folder
from rag.releases.manifest import Manifest
from rag.settings import Settings, load_settings

WISHES = (
    *("language", "checksum", "ocr", "widen", "allow_shrink", "keep", "resume", "build"),
    "gating",
)
"""Options of commands that a setup has under the same names."""


LoadGate = Callable[[Settings], PublishGate]


def run(options: argparse.Namespace, environment: Mapping[str, str], load_gate: LoadGate) -> int:
    """Run the command that was asked for; returns its exit code. Raises RagError."""
    settings = load_settings(environment, data=options.data)
    options.gating = _choose_gating(options, lambda: load_gate(settings))
    folder = CorpusFolder(corpus_folder(settings.data, options.corpus))
    if options.command == "add":
        return _add(options, settings, folder)
    if not folder.ledger.exists():
        raise CorpusNotFound(f"no corpus {options.corpus!r} in {settings.data}")
    return COMMANDS[options.command](options, settings, folder)


def _choose_gating(options: argparse.Namespace, load: Callable[[], PublishGate]) -> Gating:
    is_forced, why = getattr(options, "force", False), " ".join(getattr(options, "why", "").split())
    if is_forced != bool(why):
        raise UsageError("--force needs --why, which is kept beside the release, and --why --force")
    wanted: str | None = getattr(options, "gate", None)
    if wanted:
        load().check(Path(wanted))
        wanted = str(Path(wanted).resolve())
    return Gating(load, wanted, why)


def _add(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    chosen = _choose(options)

    def bring_in() -> Report:
        found = scan(options.source, chosen)
        return _make(options, settings, folder, lambda setup: adding.add(folder, found, setup))

    return _watch(options, bring_in) if options.watch else _tell(options, bring_in())


def _choose(options: argparse.Namespace) -> ScanOptions:
    known = sorted(LANGUAGES)
    if options.language is not None and options.language not in known:
        unknown = options.language[:40]
        raise UsageError(f"language {unknown!r} is unknown: use one of {', '.join(known)}")
    if options.ocr:
        check_ocr(options.ocr)
    labels = parse_labels(options.meta, options.acl, options.tag)
    return ScanOptions(Selection(options.include, options.exclude), labels, options.allow_web)


def _watch(options: argparse.Namespace, bring_in: Callable[[], Report]) -> int:
    news = News()

    def bring_in_and_tell() -> None:
        report = bring_in()
        if news.has(report):
            _tell(options, report)
            sys.stdout.flush()

    watch(options.source, bring_in_and_tell, Pace(options.quiet_period), as_json=options.json)
    return 0


def _make(
    options: argparse.Namespace,
    settings: Settings,
    folder: CorpusFolder,
    make: Callable[[Setup], Report],
) -> Report:
    """Run what makes a release, showing how far it is."""
    try:
        with shown_progress(as_json=options.json) as progress:
            return make(replace(_set_up(options, settings, folder), progress=progress))
    except Unpublished as error:
        _tell(options, error.report)
        sys.stdout.flush()
        raise


def _tell(options: argparse.Namespace, report: Report) -> int:
    """Say how a run has ended; its exit code."""
    (reports.print_report_as_json if options.json else reports.print_report)(report)
    return report.exit_code


def _set_up(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> Setup:
    wishes = {name: value for name, value in vars(options).items() if name in WISHES}
    return Setup(
        embedder=_find_embedder(settings, folder.manifest(folder.serving())),
        engines=bootstrap.index_engines(),
        load_engines=bootstrap.load_index_builders,
        calibrate=bootstrap.calibrate_release,
        limits=limits_of(settings),
        **wishes,
    )


def _find_embedder(settings: Settings, live: Manifest | None) -> ChosenEmbedder:
    """The embedder that is set, else that of the live release, else the default one."""
    if settings.embedder:
        return _know_embedder(settings, settings.embedder, "set by RAG_EMBEDDER")
    if live and live.embedder_name:
        return _know_embedder(settings, live.embedder_name, live.embedder_reason)
    return _know_embedder(settings, *choose_model())


def _know_embedder(settings: Settings, name: str, reason: str) -> ChosenEmbedder:
    is_english = name in PACKAGED and PACKAGED[name].is_english
    return ChosenEmbedder(
        bootstrap.embedder_fingerprint(settings, name),
        lambda: bootstrap.load_embedder(settings, name),
        name,
        reason,
        advised=PAIR if is_english and not settings.embedder else "",
    )


def limits_of(settings: Settings) -> Limits:
    """What one source may cost, as it was set."""
    return Limits(
        wall_s=settings.reader_seconds,
        cpu_s=settings.reader_cpu_seconds,
        memory_bytes=settings.reader_memory_mb << 20,
        file_bytes=max(Limits().file_bytes, settings.archive_file_mb * 10**6),
        source_bytes=settings.file_mb * 10**6,
        text_characters=settings.file_characters,
        members=settings.archive_files,
        member_bytes=settings.archive_file_mb * 10**6,
        unpacked_bytes=settings.archive_mb * 10**6,
        ratio=settings.archive_ratio,
    )


def _remove(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    sources = options.source
    report = _make(options, settings, folder, lambda setup: adding.remove(folder, sources, setup))
    return _tell(options, report)


def _rebuild(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    report = _make(options, settings, folder, lambda setup: adding.rebuild(folder, setup))
    return _tell(options, report)


def _forget(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    if not options.source and not options.subject:
        raise UsageError("name what to forget: --source SOURCE or --subject SUBJECT")
    if options.dry_run:
        doomed = erasing.preview(folder, options.source, options.subject)
        tables.print_doomed(doomed, as_json=options.json)
        return 0
    setup = _set_up(options, settings, folder)
    if options.lift:
        tables.print_lifted(erasing.readmit(folder, setup, scan(options.source)))
        return 0
    receipt = erasing.forget(folder, setup, sources=options.source, subjects=options.subject)
    return _show_receipt(options, folder, receipt)


def _receipts(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    found = erasing.receipts(folder)
    if options.id is None:
        tables.print_receipts(found, as_json=options.json)
        return 0
    meant = [receipt for receipt in found if receipt.id.startswith(options.id)]
    if len(meant) != 1:
        raise UsageError(f"{len(meant)} receipts of {options.corpus!r} begin {options.id[:40]!r}")
    return _show_receipt(options, folder, meant[0])


def _show_receipt(options: argparse.Namespace, folder: CorpusFolder, receipt: Receipt) -> int:
    shared = erasing.name_sources(folder, receipt.shared)
    tables.print_receipt(receipt, shared=shared, as_json=options.json)
    return 0 if receipt.is_clean else 1


def _status(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    with view_ledger(folder.ledger) as ledger:
        choice = Choice(options.state, options.root, options.name)
        print_sources(ledger, choice, as_json=options.json)
    return 0


def _roots(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    with view_ledger(folder.ledger) as ledger:
        print_roots(ledger, as_json=options.json)
    return 0


def _releases(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    with view_ledger(folder.ledger) as ledger:
        pins, decisions = ledger.pins(), ledger.history.decisions()
    manifests = [folder.manifest(number) for number in folder.numbers()]
    found = [each for each in manifests if each]
    states = tables.ReleaseStates(folder.live(), pins, folder.hold(), decisions)
    tables.print_releases(found, states, as_json=options.json)
    return 0


def _change_live(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    upkeep.choose(folder, _set_up(options, settings, folder), getattr(options, "release", None))
    return _releases(options, settings, folder)


def _pin(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    setup = _set_up(options, settings, folder)
    upkeep.pin(folder, setup, options.release, is_pinned=options.command == "pin")
    return _releases(options, settings, folder)


def _verify(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    checked = upkeep.verify(folder, options.release)
    tables.print_verified(checked, as_json=options.json)
    return StorageError.exit_code if any(each.problem for each in checked) else 0


def _collect(options: argparse.Namespace, settings: Settings, folder: CorpusFolder) -> int:
    setup = _set_up(options, settings, folder)
    tables.print_freed(upkeep.collect_garbage(folder, setup), as_json=options.json)
    return 0


COMMANDS: dict[str, Callable[[argparse.Namespace, Settings, CorpusFolder], int]] = {
    "remove": _remove,
    "forget": _forget,
    "receipts": _receipts,
    "status": _status,
    "roots": _roots,
    "releases": _releases,
    "publish": _change_live,
    "rollback": _change_live,
    "rebuild": _rebuild,
    "verify": _verify,
    "gc": _collect,
    "pin": _pin,
    "unpin": _pin,
}
