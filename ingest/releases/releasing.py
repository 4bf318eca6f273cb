"""From the ledger to a live release: built, verified beside the others, published."""

import os
import shutil
from collections.abc import Set
from dataclasses import dataclass, replace
from pathlib import Path

from ingest.clock import Stopwatch, now_utc
from ingest.corpus.embedding import LazyEmbedder
from ingest.corpus.ledger import Ledger
from ingest.releases import publishing
from ingest.releases.building import (
    Base,
    Build,
    Recipe,
    build,
    estimate_bytes,
    hash_content,
    is_made_by,
    storage_errors,
)
from ingest.releases.going_live import go_live
from ingest.releases.publishing import CorpusFolder
from ingest.releases.reducing import READ_OF_A_BASE, build_without
from ingest.releases.workshop import Workshop
from ingest.text.chunking import CHUNKER
from ingest.text.languages import detect_language
from rag.errors import ReleaseBroken, UsageError
from rag.releases.folder import CALIBRATION, GraphQuality, Hold, serving_order
from rag.releases.manifest import Manifest
from rag.releases.seals import check_seal, damaged_files, is_complete, is_whole, write_seal


@dataclass(frozen=True, slots=True)
class Released:
    """What became of a corpus' releases: `published` if another one is live now.

    `built` is the number of a release that waits for `publish`; `hold` says why nothing more was
    done, or why it waits.
    """

    published: bool = False
    built: int | None = None
    hold: Hold | None = None


def release(
    folder: CorpusFolder,
    ledger: Ledger,
    workshop: Workshop,
    *,
    embedder: LazyEmbedder,
    fresh: bool = False,
    watch: Stopwatch | None = None,
) -> Released:
    """Publish a release of what the ledger holds, unless the one that serves is that already.

    With `fresh` always, and every part of it is made anew. While the corpus is held nothing is
    made, or with `workshop.build` made and left to wait; `workshop.resume` ends the hold. Raises
    ReleaseBroken, StorageError, UsageError.
    """
    hold = None if workshop.resume else folder.hold()
    if hold and not workshop.build:
        return Released(hold=hold)
    serving = folder.serving()
    manifest = folder.manifest(serving)
    if workshop.build and manifest is None:
        raise UsageError("nothing is live yet that could stay live: leave out --build")
    recipe = _recipe(folder, ledger, workshop)
    if serving is not None and is_made_by(manifest, recipe) and not fresh:
        is_same = manifest and manifest.content_hash == hash_content(ledger)
        if is_same and _is_usable(folder, serving):
            return _stay(folder, ledger, serving, hold)
    if manifest is None and not ledger.count_chunks():
        return Released()
    before = Base(folder.release(serving), manifest) if serving and manifest else None
    plan = _Plan(recipe, None if fresh else before, watch or Stopwatch(), embedder, before)
    number = None if fresh else _find_waiting(folder, ledger, recipe)
    number = number or _make(folder, ledger, workshop, plan)
    if workshop.build and serving is not None:
        why = f"release {number} was built to be looked at first"
        hold = hold or Hold(serving, now_utc(), why)
        publishing.write_hold(folder, hold)
        return Released(built=number, hold=hold)
    go_live(folder, number)
    ledger.mark_published()
    _clean_up(folder, ledger, workshop)
    return Released(published=True)


def release_without(
    folder: CorpusFolder,
    ledger: Ledger,
    workshop: Workshop,
    documents: Set[str],
    *,
    embedder: LazyEmbedder,
) -> None:
    """Make live what serves now without the given documents, all parts of it made anew.

    Nothing else changes with it: what the ledger holds beside that waits for its own run, and a
    hold goes over to it. Where no release can be read none is made. Raises StorageError.
    """
    base = _find_readable(folder)
    if base is None:
        return
    recipe = _recipe(folder, ledger, workshop)
    plan = _Plan(recipe, None, Stopwatch(), embedder, base, documents)
    number, hold = _make(folder, ledger, workshop, plan), folder.hold()
    publishing.make_live(folder, number, hold=replace(hold, release=number) if hold else None)


def _find_readable(folder: CorpusFolder) -> Base | None:
    """The first release in the order of serving whose texts and vectors are as they were sealed."""
    for number in serving_order(folder.path):
        manifest = folder.manifest(number)
        if manifest and is_whole(folder.release(number), READ_OF_A_BASE):
            return Base(folder.release(number), manifest)
    return None


def _find_waiting(folder: CorpusFolder, ledger: Ledger, recipe: Recipe) -> int | None:
    """The newest release, if it is later than the one that serves and just what is wanted."""
    newest = max(folder.numbers(), default=0)
    manifest = folder.manifest(newest)
    is_wanted = manifest and is_made_by(manifest, recipe)
    if not is_wanted or newest <= (folder.serving() or 0):
        return None
    is_same = manifest and manifest.content_hash == hash_content(ledger)
    return newest if is_same and not damaged_files(folder.release(newest)) else None


def _stay(folder: CorpusFolder, ledger: Ledger, serving: int, hold: Hold | None) -> Released:
    """The release that serves is what is wanted; where somebody has ended a hold, that ends."""
    ledger.mark_published()
    if folder.hold() and not hold:
        publishing.make_live(folder, serving)
    return Released(hold=hold)


@dataclass(slots=True)
class _Plan:
    recipe: Recipe
    base: Base | None
    watch: Stopwatch
    embedder: LazyEmbedder
    before: Base | None
    gone: Set[str] | None = None


def _recipe(folder: CorpusFolder, ledger: Ledger, workshop: Workshop) -> Recipe:
    """How the next release is made; a corpus keeps the language that it was found to have."""
    manifest = folder.manifest(folder.serving())
    language = workshop.language or (manifest.language if manifest else _detect(ledger))
    return Recipe(
        folder.name,
        language,
        workshop.embedder,
        CHUNKER,
        workshop.engines,
        workshop.embedder_name,
    )


def _detect(ledger: Ledger) -> str:
    texts = ledger.database.execute("SELECT text FROM documents ORDER BY uri")
    return detect_language(text for (text,) in texts)


def _is_usable(folder: CorpusFolder, serving: int) -> bool:
    """Whether a release is whole; one that only serves because LIVE is lost is made live."""
    if not is_complete(folder.release(serving)):
        return False
    if folder.live() != serving:
        try:
            check_seal(folder.release(serving))
        except ReleaseBroken:
            return False
        publishing.make_live(folder, serving, hold=folder.hold())
    return True


def _make(folder: CorpusFolder, ledger: Ledger, workshop: Workshop, plan: _Plan) -> int:
    """Build, verify, and put in place a release; its number."""
    publishing.check_free_disk(folder, estimate_bytes(ledger, workshop.embedder))
    number = max([0, *folder.numbers(), folder.live() or 0]) + 1
    under_way = folder.releases / f".build-{os.getpid()}"
    workshop.progress.advance("publishing", 0, 1)
    try:
        try:
            _build(under_way, number, ledger, workshop, plan)
        except ReleaseBroken:
            if plan.base is None:
                raise
            shutil.rmtree(under_way)  # changes can leave a vector index that finds not all of it
            plan.base = None
            _build(under_way, number, ledger, workshop, plan)
        with plan.watch.timing("publishing"):
            publishing.put_in_place(folder, under_way, number)
    finally:
        shutil.rmtree(under_way, ignore_errors=True)
    return number


def _clean_up(folder: CorpusFolder, ledger: Ledger, workshop: Workshop) -> None:
    publishing.remove_old_releases(folder, ledger.pins(), keep=workshop.keep)
    workshop.progress.advance("publishing", 1, 1)


def _build(under_way: Path, number: int, ledger: Ledger, workshop: Workshop, plan: _Plan) -> None:
    with plan.watch.timing("building"):
        target = Build(under_way, number, now_utc())
        if sum(ledger.count_chunks().values()) > workshop.exact_up_to:
            plan.embedder.let_go()
        engines = workshop.load_engines()
        if plan.gone is not None and plan.before:
            made = build_without(plan.gone, plan.before, target, engines)
        else:
            made = build(ledger, target, plan.recipe, engines, base=plan.base)
        made = _choose_search(under_way, made, workshop)
        _calibrate(under_way, workshop, plan, is_changed_copy=made.based_on is not None)
        with storage_errors(under_way):
            write_seal(under_way)
    with plan.watch.timing("verifying"):
        try:
            publishing.settle(under_way, workshop.verify)
        except ReleaseBroken:
            if made.search == "exact" or made.based_on is not None:
                raise
            _record(under_way, replace(made, search="exact"))
            with storage_errors(under_way):
                write_seal(under_way)
            publishing.settle(under_way, workshop.verify)


def _choose_search(under_way: Path, made: Manifest, workshop: Workshop) -> Manifest:
    """Have a large release go by its graph where that finds enough, all others be searched exactly.

    Raises ReleaseBroken for a changed copy whose graph is no good: a fresh one may be.
    """
    if made.chunks <= workshop.exact_up_to:
        return made
    is_copy = made.based_on is not None
    quality = _improve(under_way, workshop, is_copy=is_copy)
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
    _record(under_way, chosen)
    return chosen


def _record(under_way: Path, manifest: Manifest) -> None:
    with storage_errors(under_way):
        (under_way / "manifest.json").write_text(manifest.to_json())


def _improve(under_way: Path, workshop: Workshop, *, is_copy: bool) -> GraphQuality | None:
    try:
        return workshop.improve_graph(under_way, is_copy=is_copy)
    except ReleaseBroken:  # it cannot even be opened, or ends the process that tries
        return None


def _calibrate(under_way: Path, workshop: Workshop, plan: _Plan, *, is_changed_copy: bool) -> None:
    """Learn from the release, or keep what was learned from the one that it hardly differs from.

    Where nothing was embedded in this run, no model is loaded for it either.
    """
    if workshop.calibrate is None:
        return
    learned = plan.before.folder / CALIBRATION if plan.before else None
    if learned and learned.exists() and (is_changed_copy or not plan.embedder.is_wanted):
        shutil.copy2(learned, under_way / CALIBRATION)
    else:
        workshop.calibrate(under_way, plan.embedder.get())
