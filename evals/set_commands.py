"""What the commands that look after regression sets do."""

import argparse
import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING

from evals.curation.drafts import check_is_free, write_drafts
from evals.curation.feedback import FeedbackLine
from evals.curation.generating import choose_chunks, make_draft
from evals.curation.harvesting import Harvester, group
from evals.curation.linting import Finding, lint
from evals.samples.locating import Search, Sources
from evals.samples.reading import read_lines, read_set
from evals.samples.validation import read_forms
from rag.bootstrap import load_chat_model, open_plumbline, open_release
from rag.errors import NotMeasured, SettingsError
from rag.outgoing.redaction import redact
from rag.releases.folder import release_folder
from rag.settings import Settings

if TYPE_CHECKING:
    from evals.judging.ragas_questions import QuestionDrafter

WRONG = 2  # the exit code of a set with a wrong sample, as of a broken floor
HITS = 10  # more than are looked at


@contextmanager
def _open(corpus: str, settings: Settings) -> Iterator[tuple[Sources, Search]]:
    """The documents of the live release of a corpus, and what searches them."""
    release_folder(settings.data, corpus)  # fails before a model is loaded
    plumbline = open_plumbline(settings)
    try:
        yield (
            Sources(plumbline.documents(corpus), partial(plumbline.document, corpus=corpus)),
            partial(plumbline.search, corpus=corpus, top_k=HITS),
        )
    finally:
        plumbline.close()


def lint_set(options: argparse.Namespace, settings: Settings) -> int:
    """Print what is wrong with a set; the exit code says whether it may be used."""
    lines = read_lines(options.set)
    with _open(options.corpus, settings) as (sources, search):
        found = lint(lines, sources, search)
    errors = sum(finding.is_error for finding in found)
    if options.json:
        findings = [asdict(each) | {"error": each.is_error} for each in found]
        _print(json.dumps({"set": str(options.set), "findings": findings}, ensure_ascii=False))
    else:
        for finding in found:
            _print(f"{options.set}{_tell(finding)}")
        _print(f"{len(lines)} samples, {errors} errors, {len(found) - errors} warnings")
    return WRONG if errors or (options.strict and found) else 0


def harvest_feedback(options: argparse.Namespace, settings: Settings) -> int:
    """Write drafts of what was asked and found wanting."""
    check_is_free(options.out)
    lines = read_forms(options.feedback, FeedbackLine)
    own = [line for line in lines if line.corpus == options.corpus]
    known = [sample for path in options.set for sample in read_set(path).samples]
    groups, left_out = group(own, known)
    if groups:
        with _open(options.corpus, settings) as (sources, search):
            mask = partial(redact, secrets=settings.secrets)
            harvester = Harvester(sources, search, mask)
            write_drafts(options.out, [harvester.draft(each) for each in groups], "feedback")
    where = f"{len(groups)} drafts written to {options.out}" if groups else "nothing to draft"
    _print(
        f"{len(lines)} lines of feedback, {len(lines) - len(own)} of other corpora, {left_out} on "
        f"questions that a set has: {where}"
    )
    return 0


def generate_drafts(options: argparse.Namespace, settings: Settings) -> int:
    """Write drafts of what a chat model asks about chunks of a corpus."""
    check_is_free(options.out)
    drafter = _load_drafter(settings)
    release = open_release(release_folder(settings.data, options.corpus))
    try:
        chosen = choose_chunks(release.documents, options.n, options.seed)
    finally:
        release.close()
    if not chosen:
        raise NotMeasured(f"{options.corpus} has no chunk long enough to ask about")
    drafted = asyncio.run(drafter.draft([chunk for chunk, _ in chosen], options.n))
    failures = drafter.failures
    lost = f", {failures.count} steps failed: {failures.reason}" if failures.count else ""
    if not drafted:
        raise NotMeasured(f"no question came of {len(chosen)} chunks{lost}")
    source_of = {chunk.id: (chunk, document) for chunk, document in chosen}
    by = drafter.chat_model.name
    drafts = [
        make_draft(each.question, each.answer, [source_of[chunk.id] for chunk in each.chunks], by)
        for each in drafted
    ]
    write_drafts(options.out, drafts, "generated")
    _print(f"{len(drafts)} drafts written to {options.out}{lost}")
    return 0


def _load_drafter(settings: Settings) -> "QuestionDrafter":
    chat_model = load_chat_model(settings)
    if chat_model is None:
        raise SettingsError("RAG_CHAT_MODEL is empty: name the chat model that drafts questions")
    try:
        from evals.judging.ragas_questions import QuestionDrafter
    except ModuleNotFoundError as error:
        library = (error.name or "").split(".")[0]
        raise SettingsError(f"drafting needs {library}: run `pip install '.[evals]'`") from error
    return QuestionDrafter(chat_model, settings.chat_max_tokens)


def _tell(finding: Finding) -> str:
    place = f":{finding.line}" if finding.line else ""
    sample = f"{finding.sample}: " if finding.sample else ""
    return f"{place}: {finding.rule}: {sample}{finding.message}"


def _print(line: str) -> None:
    print(line)  # noqa: T201 - a command's output


SET_COMMANDS = {"lint": lint_set, "harvest": harvest_feedback, "generate": generate_drafts}
