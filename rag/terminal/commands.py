"""What each command of `python -m rag` does."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping
from pathlib import Path

from rag.answering.checking.given import GivenPassage, check_text
from rag.answering.checking.texts import check_against_passages
from rag.bootstrap import load_chat_model, open_plumbline
from rag.checkers import load_checking
from rag.domain import Answer, Message
from rag.errors import InvalidPassages
from rag.json_forms import answer_body, check_body, explanation_body, search_body
from rag.plumbline import Plumbline
from rag.releases.filters import parse_filter_options
from rag.releases.folder import release_folder
from rag.retrieval.question import check_question
from rag.retrieval.scope import Scope
from rag.settings import Settings, load_settings
from rag.terminal.printing import (
    print_answer,
    print_check,
    print_explanation,
    print_json,
    print_search,
)


def run(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Run the command that was asked for; returns its exit code. Raises RagError."""
    top_k = getattr(options, "top_k", None)
    settings = load_settings(environment, data=options.data, top_k=top_k)
    if options.command == "check":
        return asyncio.run(_check(settings, options))
    check_question(options.question)
    scope = Scope(
        principals=frozenset(options.principals),
        filters=parse_filter_options(options.filters),
        mode=options.mode,
        rerank=False if options.no_rerank else None,
    )
    plumbline = _open(settings, options.corpus)
    try:
        if options.command == "search":
            return _search(plumbline, options, scope)
        if options.command == "explain":
            return asyncio.run(_explain(plumbline, options, scope))
        return asyncio.run(_ask(plumbline, options, scope))
    finally:
        plumbline.close()


def _open(settings: Settings, corpus: str) -> Plumbline:
    release_folder(settings.data, corpus)  # fails before a model is loaded
    plumbline = open_plumbline(settings)
    if problem := plumbline.problem(corpus):
        print(f"rag: warning: {problem}", file=sys.stderr)  # noqa: T201 - a command's output
    return plumbline


async def _check(settings: Settings, options: argparse.Namespace) -> int:
    """Check a text; the exit code is 1 where a sentence of it is doubtful."""
    text = check_text(sys.stdin.read() if options.text == "-" else options.text)
    if options.passages:
        passages = read_passages(options.passages)
        checking = load_checking(settings, load_chat_model(settings))
        checked = await check_against_passages(text, passages, checking, question=options.question)
    else:
        plumbline = _open(settings, options.corpus)
        scope = Scope(principals=frozenset(options.principals))
        try:
            checked = await plumbline.check(
                text, corpus=options.corpus, question=options.question, scope=scope
            )
        finally:
            plumbline.close()
    if options.json:
        print_json(check_body(checked))
    else:
        print_check(checked)
    return 0 if checked.status == "supported" else 1


def read_passages(file: Path) -> list[GivenPassage]:
    """The passages of a JSON file, as `POST /v1/check` takes them. Raises InvalidPassages."""
    try:
        raw = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InvalidPassages(f"{file} cannot be read as JSON: {error}") from error
    given = raw.get("passages") if isinstance(raw, dict) else raw
    if not isinstance(given, list):
        raise InvalidPassages(f'{file} holds no list of passages: write [{{"text": "..."}}]')
    return [_read_passage(each, number, file) for number, each in enumerate(given, 1)]


def _read_passage(raw: object, number: int, file: Path) -> GivenPassage:
    if not isinstance(raw, dict) or not isinstance(raw.get("text"), str):
        raise InvalidPassages(f"passage {number} of {file} has no text: give each a `text`")
    heading = raw.get("heading") or []
    titles = [heading] if isinstance(heading, str) else heading
    id_, title = raw.get("id", number), raw.get("title") or ""
    return GivenPassage(str(id_), raw["text"], str(title), tuple(map(str, titles)))


def _search(plumbline: Plumbline, options: argparse.Namespace, scope: Scope) -> int:
    result = plumbline.search(options.question, corpus=options.corpus, scope=scope)
    if options.json:
        print_json(search_body(result))
    else:
        print_search(result)
    return 0


async def _explain(plumbline: Plumbline, options: argparse.Namespace, scope: Scope) -> int:
    standalone, explanation = await plumbline.explain(
        [Message("user", options.question)],
        corpus=options.corpus,
        document=options.document,
        scope=scope,
    )
    if options.json:
        print_json(explanation_body(standalone, explanation))
    else:
        print_explanation(standalone, explanation)
    return 0


async def _ask(plumbline: Plumbline, options: argparse.Namespace, scope: Scope) -> int:
    conversation = [Message("user", options.question)]
    async for item in plumbline.answer(conversation, corpus=options.corpus, scope=scope):
        if not isinstance(item, Answer):
            continue
        if options.json:
            print_json(answer_body(item))
        else:
            print_answer(item)
    return 0
