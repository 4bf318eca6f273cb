"""From the ledger to a live release: built, verified beside the others, published."""

import os
import shutil
from pathlib import Path

from ingest import publishing
from ingest.building import (
    Base,
    Build,
    Recipe,
    build,
    estimate_bytes,
    hash_content,
    is_made_by,
)
from ingest.chunking import CHUNKER
from ingest.clock import Stopwatch, now_utc
from ingest.ledger import Ledger
from ingest.publishing import CorpusFolder
from ingest.workshop import Workshop
from rag.errors import ReleaseBroken
from rag.seals import check_seal, is_complete


def release(
    folder: CorpusFolder,
    ledger: Ledger,
    workshop: Workshop,
    *,
    fresh: bool = False,
    watch: Stopwatch | None = None,
) -> bool:
    """Publish a release of what the ledger holds, unless the one that serves is that already.

    With `fresh` always, and every part of it is made anew. Raises ReleaseBroken, StorageError.
    """
    serving = folder.serving()
    manifest = folder.manifest(serving)
    recipe = _recipe(folder, workshop)
    fresh = fresh or ledger.is_erasing()
    if serving is not None and is_made_by(manifest, recipe) and not fresh:
        is_same = manifest and manifest.content_hash == hash_content(ledger)
        if is_same and _is_usable(folder, serving):
            ledger.mark_published()
            return False
    if manifest is None and not ledger.count_chunks():
        return False
    publishing.check_free_disk(folder, estimate_bytes(ledger, workshop.embedder))
    base = Base(folder.release(serving), manifest) if serving and manifest and not fresh else None
    _publish(folder, ledger, workshop, _Plan(recipe, base, watch or Stopwatch()))
    if ledger.is_erasing():
        publishing.remove_old_releases(folder, (), keep=0)
        ledger.end_erasure()
    return True


class _Plan:
    def __init__(self, recipe: Recipe, base: Base | None, watch: Stopwatch) -> None:
        self.recipe = recipe
        self.base = base
        self.watch = watch


def _recipe(folder: CorpusFolder, workshop: Workshop) -> Recipe:
    manifest = folder.manifest(folder.serving())
    language = workshop.language or (manifest.language if manifest else "english")
    return Recipe(folder.name, language, workshop.embedder, CHUNKER, workshop.engines)


def _is_usable(folder: CorpusFolder, serving: int) -> bool:
    """Whether a release is whole; one that only serves because LIVE is lost is made live."""
    if not is_complete(folder.release(serving)):
        return False
    if folder.live() != serving:
        try:
            check_seal(folder.release(serving))
        except ReleaseBroken:
            return False
        publishing.make_live(folder, serving)
    return True


def _publish(folder: CorpusFolder, ledger: Ledger, workshop: Workshop, plan: _Plan) -> None:
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
            publishing.publish(folder, under_way, number)
    finally:
        shutil.rmtree(under_way, ignore_errors=True)
    ledger.mark_published()
    publishing.remove_old_releases(folder, ledger.pins(), keep=workshop.keep)
    workshop.progress.advance("publishing", 1, 1)


def _build(under_way: Path, number: int, ledger: Ledger, workshop: Workshop, plan: _Plan) -> None:
    with plan.watch.timing("building"):
        target = Build(under_way, number, now_utc())
        build(ledger, target, plan.recipe, workshop.load_engines(), base=plan.base)
    with plan.watch.timing("verifying"):
        publishing.settle(under_way, workshop.verify)
