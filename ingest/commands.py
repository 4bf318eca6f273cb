"""What each command of `python -m ingest` does, and the parts it is done with."""

import argparse
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from rag.errors import CorpusNotFound, StorageError, UsageError

if TYPE_CHECKING:
    from ingest.limits import Limits
    from ingest.releases.erasure import Receipt
    from ingest.releases.publishing import CorpusFolder
    from ingest.releases.workshop import Workshop
    from ingest.runs.outcomes import Progress, Report
    from ingest.sources.scanning import ScanOptions
    from rag.settings import Settings


def run(options: argparse.Namespace) -> int:
    """Run the command that was asked for; returns its exit code. Raises RagError."""
    from ingest.releases.publishing import CorpusFolder
    from rag.releases.folder import corpus_folder
    from rag.settings import load_settings

    settings = load_settings(data=options.data)
    folder = CorpusFolder(corpus_folder(settings.data, options.corpus))
    if options.command == "add":
        return _add(options, settings, folder)
    if not folder.ledger.exists():
        raise CorpusNotFound(f"no corpus {options.corpus!r} in {settings.data}")
    return COMMANDS[options.command](options, settings, folder)


def _add(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.runs import adding
    from ingest.sources.scanning import scan

    language = _check_language(options.language)
    chosen = _choose(options)

    def bring_in() -> "Report":
        found = scan(options.source, chosen)
        return _make(options, settings, language, lambda w: adding.add(folder, found, w))

    return _watch(options, bring_in) if options.watch else _tell(options, bring_in())


def _choose(options: argparse.Namespace) -> "ScanOptions":
    from ingest.sources.labels import parse_labels
    from ingest.sources.scanning import ScanOptions
    from ingest.sources.selection import Selection

    if options.ocr:
        from ingest.adapters.tesseract import check_ocr

        check_ocr(options.ocr)
    labels = parse_labels(options.meta, options.acl, options.tag)
    return ScanOptions(Selection(options.include, options.exclude), labels, options.allow_web)


def _watch(options: argparse.Namespace, bring_in: "Callable[[], Report]") -> int:
    from ingest.runs.watching import Pace, watch
    from ingest.terminal.reports import News

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
    settings: "Settings",
    language: str | None,
    make: "Callable[[Workshop], Report]",
) -> "Report":
    """Run what makes a release, showing how far it is."""
    from ingest.runs.outcomes import Unpublished
    from ingest.terminal.progress import shown_progress

    try:
        with shown_progress(as_json=options.json) as progress:
            return make(_equip(options, settings, progress, language))
    except Unpublished as error:
        _tell(options, error.report)
        sys.stdout.flush()
        raise


def _tell(options: argparse.Namespace, report: "Report") -> int:
    """Say how a run has ended; its exit code."""
    from ingest.terminal import reports

    (reports.print_report_as_json if options.json else reports.print_report)(report)
    return report.exit_code


def _check_language(language: str | None) -> str | None:
    from rag.adapters.indexes.tantivy import LANGUAGES

    known = sorted(LANGUAGES)
    if language is None or language in known:
        return language
    raise UsageError(f"language {language[:40]!r} is unknown: use one of {', '.join(known)}")


def _equip(
    options: argparse.Namespace,
    settings: "Settings",
    progress: "Progress | None" = None,
    language: str | None = None,
) -> "Workshop":
    from ingest.releases.building import Engines
    from ingest.releases.publishing import KEPT_RELEASES
    from ingest.releases.workshop import Workshop
    from ingest.runs.outcomes import Silence
    from rag import bootstrap

    return Workshop(
        embedder=bootstrap.embedder_fingerprint(settings),
        load_embedder=lambda: bootstrap.load_embedder(settings),
        embedder_name=settings.embedder,
        engines=bootstrap.index_engines(),
        load_engines=lambda: Engines(*bootstrap.load_index_builders()),
        calibrate=bootstrap.calibrate_release,
        language=language,
        progress=progress or Silence(),
        checksum=getattr(options, "checksum", False),
        ocr=getattr(options, "ocr", ""),
        limits=limits_of(settings),
        widen=getattr(options, "widen", False),
        allow_shrink=getattr(options, "allow_shrink", False),
        keep=getattr(options, "keep", KEPT_RELEASES),
        resume=getattr(options, "resume", False),
        build=getattr(options, "build", False),
    )


def limits_of(settings: "Settings") -> "Limits":
    """What one source may cost, as it was set."""
    from ingest.limits import Limits

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


def _remove(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.runs import adding

    sources = options.source
    report = _make(options, settings, None, lambda w: adding.remove(folder, sources, w))
    return _tell(options, report)


def _rebuild(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.runs import adding

    report = _make(options, settings, None, lambda w: adding.rebuild(folder, w))
    return _tell(options, report)


def _forget(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.runs import erasing
    from ingest.sources.scanning import scan
    from ingest.terminal import tables

    if not options.source and not options.subject:
        raise UsageError("name what to forget: --source SOURCE or --subject SUBJECT")
    if options.dry_run:
        doomed = erasing.preview(folder, options.source, options.subject)
        tables.print_doomed(doomed, as_json=options.json)
        return 0
    workshop = _equip(options, settings)
    if options.lift:
        tables.print_lifted(erasing.readmit(folder, workshop, scan(options.source)))
        return 0
    receipt = erasing.forget(folder, workshop, sources=options.source, subjects=options.subject)
    return _show_receipt(options, folder, receipt)


def _receipts(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.runs import erasing
    from ingest.terminal import tables

    found = erasing.receipts(folder)
    if options.id is None:
        tables.print_receipts(found, as_json=options.json)
        return 0
    meant = [receipt for receipt in found if receipt.id.startswith(options.id)]
    if len(meant) != 1:
        raise UsageError(f"{len(meant)} receipts of {options.corpus!r} begin {options.id[:40]!r}")
    return _show_receipt(options, folder, meant[0])


def _show_receipt(options: argparse.Namespace, folder: "CorpusFolder", receipt: "Receipt") -> int:
    from ingest.runs import erasing
    from ingest.terminal import tables

    shared = erasing.name_sources(folder, receipt.shared)
    tables.print_receipt(receipt, shared=shared, as_json=options.json)
    return 0 if receipt.is_clean else 1


def _status(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.corpus.views import view_ledger
    from ingest.terminal.sources import Choice, print_sources

    with view_ledger(folder.ledger) as ledger:
        choice = Choice(options.state, options.root, options.name)
        print_sources(ledger, choice, as_json=options.json)
    return 0


def _roots(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.corpus.views import view_ledger
    from ingest.terminal.sources import print_roots

    with view_ledger(folder.ledger) as ledger:
        print_roots(ledger, as_json=options.json)
    return 0


def _releases(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.corpus.views import view_ledger
    from ingest.terminal.tables import print_releases

    with view_ledger(folder.ledger) as ledger:
        pins = ledger.pins()
    manifests = [folder.manifest(number) for number in folder.numbers()]
    found = [each for each in manifests if each]
    print_releases(found, folder.live(), pins, folder.hold(), as_json=options.json)
    return 0


def _change_live(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.runs import upkeep

    upkeep.choose(folder, _equip(options, settings), getattr(options, "release", None))
    return _releases(options, settings, folder)


def _pin(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.runs import upkeep

    workshop = _equip(options, settings)
    upkeep.pin(folder, workshop, options.release, is_pinned=options.command == "pin")
    return _releases(options, settings, folder)


def _verify(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.runs import upkeep
    from ingest.terminal.tables import print_verified

    checked = upkeep.verify(folder, options.release)
    print_verified(checked, as_json=options.json)
    return StorageError.exit_code if any(each.problem for each in checked) else 0


def _collect(options: argparse.Namespace, settings: "Settings", folder: "CorpusFolder") -> int:
    from ingest.runs import upkeep
    from ingest.terminal.tables import print_freed

    workshop = _equip(options, settings)
    print_freed(upkeep.collect_garbage(folder, workshop), as_json=options.json)
    return 0


COMMANDS: "dict[str, Callable[[argparse.Namespace, Settings, CorpusFolder], int]]" = {
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
