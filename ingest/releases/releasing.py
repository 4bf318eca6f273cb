"""From the ledger to a live release: built, verified beside the others, published."""

import os
import shutil
from collections.abc import Callable, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from ingest.clock import now_utc
from ingest.corpus.folder import CorpusFolder
from ingest.corpus.setup import OpenCorpus, Setup
from ingest.gate import GateDecision
from ingest.releases import publishing
from ingest.releases.admission import admit
from ingest.releases.building import (
    Base,
    Engines,
    Recipe,
    build,
    estimate_bytes,
    is_intact,
    is_made_by,
)
from ingest.releases.publishing import storage_errors
from ingest.releases.reducing import READ_OF_A_BASE, build_without
from ingest.text.chunking import CHUNKER
from ingest.text.languages import detect_language
from rag.errors import ReleaseBroken, UsageError
from rag.releases.folder import CALIBRATION, Hold, read_learned, serving_order
from rag.releases.manifest import Manifest
from rag.releases.seals import is_complete, is_whole, write_seal

Write = Callable[[Path, int, Engines], Manifest]
"""Writes a release of that number into a new folder."""


@dataclass(frozen=True, slots=True)
class Released:
    """What became of a corpus' releases: `published` if another one is live now.

    `built` is the number of a release that waits for `publish`; `hold` says why nothing more was
    done, or why it waits, `gate` what the corpus' gate said.
    """

    published: bool = False
    built: int | None = None
    hold: Hold | None = None
    gate: GateDecision | None = None


def release(corpus: OpenCorpus, *, fresh: bool = False) -> Released:
    """Publish a release of what the ledger holds, unless the one that serves is that already.

    With `fresh` always, and every part of it is made anew. While the corpus is held nothing is
    made, or with `build` made and left to wait; `resume` ends the hold. Raises ReleaseBroken,
    StorageError, UsageError.
    """
    folder, ledger, setup = corpus.folder, corpus.ledger, corpus.setup
    hold = None if setup.resume else folder.hold()
    if hold and not setup.build:
        return Released(hold=hold)
    serving = folder.serving()
    manifest = folder.manifest(serving)
    if setup.build and manifest is None:
        raise UsageError("nothing is live yet that could stay live: leave out --build")
    recipe = _recipe(corpus)
    if serving is not None and is_made_by(manifest, recipe) and not fresh:
        is_same = manifest and manifest.content_hash == ledger.content_hash()
        if is_same and _is_usable(folder, serving):
            return _stay(corpus, serving, hold)
    if manifest is None and not ledger.count_chunks():
        return Released()
    before = Base(folder.release(serving), manifest) if serving and manifest else None
    number = None if fresh else _find_waiting(corpus, recipe)
    if number is None:
        bases = [before, None] if before and not fresh else [None]
        ways = [partial(build, ledger, recipe, base) for base in bases]
        number = _make(corpus, ways, before)
    if setup.build and serving is not None:
        why = f"release {number} was built to be looked at first"
        hold = hold or Hold(serving, now_utc(), why)
        publishing.write_hold(folder, hold)
        return Released(built=number, hold=hold)
    return _publish(corpus, number, serving)


def _publish(corpus: OpenCorpus, number: int, serving: int | None) -> Released:
    """Make a release live, if the corpus' gate lets it."""
    decision = admit(corpus, number, serving)
    if decision and decision.is_refused:
        return Released(built=number, gate=decision)
    publishing.go_live(corpus.folder, number)
    corpus.ledger.mark_published()
    publishing.remove_old_releases(corpus.folder, corpus.ledger.pins(), keep=corpus.setup.keep)
    corpus.setup.progress("publishing", 1, 1)
    return Released(published=True, gate=decision)


def release_without(corpus: OpenCorpus, documents: Set[str]) -> None:
    """Make live what serves now without the given documents, all parts of it made anew.

    Nothing else changes with it: what the ledger holds beside that waits for its own run, and a
    hold goes over to it. Where no release can be read none is made. Raises StorageError.
    """
    folder = corpus.folder
    base = _find_readable(folder)
    if base is None:
        return
    number = _make(corpus, [partial(build_without, documents, base)], base)
    hold = folder.hold()
    publishing.make_live(folder, number, hold=replace(hold, release=number) if hold else None)


def _find_readable(folder: CorpusFolder) -> Base | None:
    """The first in the order of serving whose texts and named vectors are as they were sealed."""
    for number in serving_order(folder.path):
        manifest = folder.manifest(number)
        if manifest and manifest.vectors and is_whole(folder.release(number), READ_OF_A_BASE):
            return Base(folder.release(number), manifest)
    return None


def _find_waiting(corpus: OpenCorpus, recipe: Recipe) -> int | None:
    """The newest release, if it is later than the one that serves and just what is wanted."""
    folder = corpus.folder
    newest = max(folder.numbers(), default=0)
    manifest = folder.manifest(newest)
    if manifest is None or not is_made_by(manifest, recipe) or newest <= (folder.serving() or 0):
        return None
    is_same = manifest.content_hash == corpus.ledger.content_hash()
    return newest if is_same and is_intact(folder.release(newest)) else None


def _stay(corpus: OpenCorpus, serving: int, hold: Hold | None) -> Released:
    """The release that serves is what is wanted; where somebody has ended a hold, that ends."""
    corpus.ledger.mark_published()
    if corpus.folder.hold() and not hold:
        publishing.make_live(corpus.folder, serving)
    return Released(hold=hold)


def _recipe(corpus: OpenCorpus) -> Recipe:
    """How the next release is made; a corpus keeps the language that it was found to have."""
    setup, manifest = corpus.setup, corpus.folder.manifest(corpus.folder.serving())
    language = setup.language or (manifest.language if manifest else "")
    if not language:
        language = detect_language(text for _, text in corpus.ledger.texts())
    embedder = setup.embedder
    return Recipe(
        corpus.folder.name,
        language,
        embedder.fingerprint,
        CHUNKER,
        setup.engines,
        embedder_name=embedder.name,
        embedder_reason=embedder.reason,
    )


def _is_usable(folder: CorpusFolder, serving: int) -> bool:
    """Whether a release is whole; one that only serves because LIVE is lost is made live."""
    if not is_complete(folder.release(serving)):
        return False
    if folder.live() != serving:
        if not is_intact(folder.release(serving)):
            return False
        publishing.make_live(folder, serving, hold=folder.hold())
    return True


def _make(corpus: OpenCorpus, ways: Sequence[Write], before: Base | None) -> int:
    """Build, verify, and put in place a release; its number.

    The next of several `ways` to write it is tried where what the one before wrote is no good: a
    changed copy can leave a vector index that finds not all of it.
    """
    folder, setup = corpus.folder, corpus.setup
    publishing.check_free_disk(folder, estimate_bytes(corpus.ledger, setup.embedder.fingerprint))
    number = max([0, *folder.numbers(), folder.live() or 0]) + 1
    under_way = folder.releases / f".build-{os.getpid()}"
    setup.progress("publishing", 0, 1)
    try:
        with storage_errors(folder, "the release cannot be written"):
            for at, write in enumerate(ways, 1):
                try:
                    _build(corpus, under_way, partial(write, under_way, number), before)
                    break
                except ReleaseBroken:
                    if at == len(ways):
                        raise
                    shutil.rmtree(under_way)
            with corpus.watch.timing("publishing"):
                publishing.put_in_place(folder, under_way, number)
    finally:
        shutil.rmtree(under_way, ignore_errors=True)
    return number


def _build(
    corpus: OpenCorpus,
    under_way: Path,
    write: Callable[[Engines], Manifest],
    before: Base | None,
) -> None:
    setup = corpus.setup
    with corpus.watch.timing("building"):
        if sum(corpus.ledger.count_chunks().values()) > setup.exact_up_to:
            corpus.embedder.let_go()
        made = _choose_search(under_way, write(setup.load_engines()), setup)
        _calibrate(corpus, under_way, before, is_changed_copy=made.based_on is not None)
        write_seal(under_way)
    with corpus.watch.timing("verifying"):
        try:
            publishing.settle(under_way, setup.verify)
        except ReleaseBroken:
            if made.search == "exact" or made.based_on is not None:
                raise
            replace(made, search="exact").save(under_way)
            write_seal(under_way)
            publishing.settle(under_way, setup.verify)


def _choose_search(under_way: Path, made: Manifest, setup: Setup) -> Manifest:
    """Have a large release go by its graph where that finds enough, all others be searched exactly.

    Raises ReleaseBroken for a changed copy whose graph is no good: a fresh one may be.
    """
    if made.chunks <= setup.exact_up_to:
        return made
    is_copy = made.based_on is not None
    quality = None
    with suppress(ReleaseBroken):  # it cannot even be opened, or ends the process that tries
        quality = setup.improve_graph(under_way, is_copy=is_copy)
    if is_copy and not (quality and quality.is_good):
        raise ReleaseBroken("the changed copy of a graph finds too little")
    if quality is None:
        return made
    chosen = replace(
        made,
        search="graph" if quality.is_good else "exact",
        graph_recall=quality.recall,
        graph_lost=quality.lost,
        graph_tried=quality.tried,
    )
    chosen.save(under_way)
    return chosen


def _calibrate(
    corpus: OpenCorpus, under_way: Path, before: Base | None, *, is_changed_copy: bool
) -> None:
    """Learn from the release, or keep what was learned from the one that it hardly differs from.

    Where nothing was embedded in this run, no model is loaded for it either.
    """
    calibrate = corpus.setup.calibrate
    if calibrate is None:
        return
    has_learned = before is not None and read_learned(before.folder) is not None
    if before and has_learned and (is_changed_copy or not corpus.embedder.is_wanted):
        shutil.copy2(before.folder / CALIBRATION, under_way / CALIBRATION)
    else:
        calibrate(under_way, corpus.embedder.get())
