"""`python -m rag`: questions from the terminal, searched, answered or explained."""

import argparse
import asyncio
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import RagError

if TYPE_CHECKING:
    from rag.plumbline import Plumbline
    from rag.retrieval.scope import Scope


def build_parser(prog: str = "python -m rag") -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Search a corpus, ask it a question, or see why it finds what it finds.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    search = commands.add_parser("search", help="ranked chunks with their scores, no chat model")
    ask = commands.add_parser("ask", help="an answer with exact quotes, or an abstention")
    explain = commands.add_parser("explain", help="why a search finds what it finds, or does not")
    for command in (search, ask, explain):
        command.add_argument("question")
        command.add_argument("--corpus", required=True, help="name of the corpus")
        command.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")
        command.add_argument("--json", action="store_true", help="print JSON for programs")
        command.add_argument("--mode", choices=["hybrid", "dense", "lexical"], help="RAG_RETRIEVER")
        command.add_argument("--no-rerank", action="store_true", help="leave the reranker out")
        command.add_argument(
            "--as",
            dest="principals",
            action="append",
            default=[],
            metavar="PRINCIPAL",
            help="ask as a reader of that group, repeatable; without: what is public",
        )
        command.add_argument(
            "--filter",
            dest="filters",
            action="append",
            default=[],
            metavar="FIELD=VALUE",
            help='documents with that value, or FIELD=JSON such as year={"gte": 2020}; repeatable',
        )
    for command in (search, explain):
        command.add_argument("--top-k", type=int, help="hits to show, 1 to 100 (RAG_TOP_K)")
    explain.add_argument("--document", metavar="ID_OR_SOURCE", help="follow this document's way")
    return parser


def main(arguments: Sequence[str] | None = None, prog: str = "python -m rag") -> int:
    """Run one command; returns its exit code, errors are one line on stderr."""
    options = build_parser(prog).parse_args(arguments)
    try:
        return _run(options)
    except RagError as error:
        print(f"rag: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    except KeyboardInterrupt:
        print("rag: interrupted", file=sys.stderr)  # noqa: T201 - a command's output
        return 130


def _run(options: argparse.Namespace) -> int:
    from rag.releases.filters import parse_filter_options
    from rag.releases.folder import release_folder
    from rag.retrieval.question import check_question
    from rag.retrieval.scope import Scope
    from rag.settings import load_settings

    settings = load_settings(
        data=options.data,
        top_k=getattr(options, "top_k", None),
        retriever=getattr(options, "mode", None),
    )
    check_question(options.question)
    scope = Scope(
        principals=frozenset(options.principals),
        filters=parse_filter_options(options.filters),
        rerank=False if options.no_rerank else None,
    )
    release_folder(settings.data, options.corpus)  # fails before a model is loaded
    from rag.bootstrap import open_plumbline

    plumbline = open_plumbline(settings)
    if problem := plumbline.problem(options.corpus):
        print(f"rag: warning: {problem}", file=sys.stderr)  # noqa: T201 - a command's output
    try:
        if options.command == "search":
            return _search(plumbline, options, settings.top_k, scope)
        if options.command == "explain":
            return asyncio.run(_explain(plumbline, options, settings.top_k, scope))
        return asyncio.run(_ask(plumbline, options, scope))
    finally:
        plumbline.close()


def _search(plumbline: "Plumbline", options: argparse.Namespace, top_k: int, scope: "Scope") -> int:
    from rag import json_forms, terminal

    result = plumbline.search(options.question, corpus=options.corpus, top_k=top_k, scope=scope)
    if options.json:
        print(json.dumps(json_forms.search_body(result), ensure_ascii=False))  # noqa: T201
    else:
        terminal.print_search(result)
    return 0


async def _explain(
    plumbline: "Plumbline", options: argparse.Namespace, top_k: int, scope: "Scope"
) -> int:
    from rag import json_forms, terminal
    from rag.domain import Message

    standalone, explanation = await plumbline.explain(
        [Message("user", options.question)],
        corpus=options.corpus,
        document=options.document,
        top=top_k,
        scope=scope,
    )
    if options.json:
        body = json_forms.explanation_body(standalone, explanation)
        print(json.dumps(body, ensure_ascii=False))  # noqa: T201
    else:
        terminal.print_explanation(standalone, explanation)
    return 0


async def _ask(plumbline: "Plumbline", options: argparse.Namespace, scope: "Scope") -> int:
    from rag import json_forms, terminal
    from rag.domain import Answer, Message

    conversation = [Message("user", options.question)]
    async for item in plumbline.answer(conversation, corpus=options.corpus, scope=scope):
        if not isinstance(item, Answer):
            continue
        if options.json:
            print(json.dumps(json_forms.answer_body(item), ensure_ascii=False))  # noqa: T201
        else:
            terminal.print_answer(item)
    return 0


if __name__ == "__main__":
    sys.exit(main())
