"""What `python -m evals drift` does."""

import argparse
from collections.abc import Sequence
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from evals.gates.baselines import read_run
from rag.adapters.stores.documents import SqliteDocumentStore
from rag.adapters.stores.question_log import QUESTIONS, read_questions
from rag.bootstrap import load_embedder
from rag.domain import DocumentRef
from rag.errors import NotMeasured
from rag.journal.exchange import Exchange
from rag.releases.folder import corpus_folder, release_folder, release_numbers
from rag.settings import Settings

if TYPE_CHECKING:
    from evals.drift.windows import Period


def _watch_drift(options: argparse.Namespace, settings: Settings) -> int:
    from evals.drift import drifting, findings, printing, windows
    from evals.drift.canaries import compare_hits

    now = datetime.now(UTC)
    periods = windows.choose_periods(options.reference, options.current, now)
    release_folder(settings.data, options.corpus)  # fails where there is no such corpus
    runs = [read_run(path) for path in options.canaries or ()]
    canaries = compare_hits(*runs) if runs else None
    asked = _read_asked(options, settings, periods)
    reference, current = (windows.draw_window(period, asked) for period in periods)
    report = drifting.compare_windows(
        options.corpus, reference, current, load_embedder(settings), _documents(options, settings)
    )
    report = replace(report, canaries=canaries)
    if options.json:
        print(findings.drift_to_json(report), end="")  # noqa: T201 - a command's output
    else:
        printing.print_drift(report)
    return report.exit_code


def _read_asked(
    options: argparse.Namespace, settings: Settings, periods: Sequence["Period"]
) -> list[Exchange]:
    from evals.drift.windows import read_log

    if options.log:
        return read_log(options.log, options.corpus)
    path = settings.data / QUESTIONS
    if not path.exists():
        raise NotMeasured(
            f"there is no {path}: set RAG_QUESTION_LOG=on for the service, or name a --log"
        )
    first, last = min(each.start for each in periods), max(each.end for each in periods)
    return list(read_questions(path, options.corpus, first, last))


def _documents(options: argparse.Namespace, settings: Settings) -> dict[int, list[DocumentRef]]:
    """Those of each release that is kept."""
    found = {}
    for number in release_numbers(corpus_folder(settings.data, options.corpus)):
        folder = release_folder(settings.data, options.corpus, number)
        with closing(SqliteDocumentStore(folder / "documents.db")) as store:
            found[number] = store.references()
    return found


DRIFT_COMMANDS = {"drift": _watch_drift}
