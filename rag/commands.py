"""What each command of `python -m rag` does, and how it is shown on a terminal."""

import argparse
import asyncio
import json
import sys
from collections.abc import Mapping

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rag.answering.followups import Standalone
from rag.bootstrap import open_plumbline
from rag.domain import Answer, DocumentRef, Message, SearchResult, Span
from rag.json_forms import Body, answer_body, explanation_body, search_body
from rag.plumbline import Plumbline
from rag.releases.filters import parse_filter_options
from rag.releases.folder import release_folder
from rag.retrieval.explaining import Explanation
from rag.retrieval.question import check_question
from rag.retrieval.scope import Scope
from rag.retrieval.tracing import Trace
from rag.settings import load_settings

QUOTE_CHARACTERS = 160  # chosen: two lines of a terminal


def run(options: argparse.Namespace, environment: Mapping[str, str]) -> int:
    """Run the command that was asked for; returns its exit code. Raises RagError."""
    top_k = getattr(options, "top_k", None)
    settings = load_settings(environment, data=options.data, top_k=top_k)
    check_question(options.question)
    scope = Scope(
        principals=frozenset(options.principals),
        filters=parse_filter_options(options.filters),
        mode=options.mode,
        rerank=False if options.no_rerank else None,
    )
    release_folder(settings.data, options.corpus)  # fails before a model is loaded
    plumbline = open_plumbline(settings)
    if problem := plumbline.problem(options.corpus):
        print(f"rag: warning: {problem}", file=sys.stderr)  # noqa: T201 - a command's output
    try:
        if options.command == "search":
            return _search(plumbline, options, scope)
        if options.command == "explain":
            return asyncio.run(_explain(plumbline, options, scope))
        return asyncio.run(_ask(plumbline, options, scope))
    finally:
        plumbline.close()


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


def print_json(body: Body) -> None:
    """One line of JSON for programs."""
    print(json.dumps(body, ensure_ascii=False))  # noqa: T201 - a command's output


def print_search(result: SearchResult) -> None:
    """Rank, score, place and beginning of each hit."""
    console = Console()
    console.print(
        f"{result.corpus}@{result.release}, {result.mode}, confidence {result.confidence:.2f}",
        highlight=False,
    )
    table = Table("#", "score", "where", "text", box=None, pad_edge=False)
    for rank, hit in enumerate(result.hits, 1):
        where = _place(hit.document, hit.chunk.page, hit.chunk.span)
        text = " ".join(hit.chunk.text.split())[:QUOTE_CHARACTERS]
        table.add_row(str(rank), f"{hit.score:.3f}", Text(where), Text(text))
    console.print(table)


def print_explanation(standalone: Standalone, explanation: Explanation) -> None:
    """What was searched for, each candidate's place at each stage, and a document's way."""
    console = Console()
    search = explanation.search
    relation = "reaches" if search.is_answered else "does not reach"
    console.print(
        f"{search.corpus}@{search.release}, {search.mode}: confidence "
        f"{search.confidence:.3f} {relation} the threshold {search.threshold:.3f}; "
        f"{explanation.searched:,} of {explanation.chunks:,} chunks could be found",
        highlight=False,
    )
    if standalone.by != "user":
        console.print(Text(f"searched for, by the {standalone.by}: {standalone.question}"))
    for number, wording in enumerate(search.wordings[1:], 2):
        console.print(Text(f"wording {number}: {wording.text}"))
    terms = ", ".join(f"{term} {weight:.1f}" for term, weight in explanation.terms.items())
    console.print(Text(f"terms with their weights: {terms or 'none'}"))
    for word, read in explanation.readings.items():
        console.print(Text(f"{word}, not in the corpus, read as {read}"))
    for rank, each in enumerate(explanation.candidates, 1):
        console.print(Text(f"{rank}. {_place(each.document, each.chunk.page, each.chunk.span)}"))
        places = ((stage, each.places.get(stage)) for stage in explanation.kept)
        shown = (
            f"{stage} {at.rank} ({at.score:.3f})" if at else f"{stage} -" for stage, at in places
        )
        console.print(Padding(Text(", ".join(shown), style="dim"), (0, 0, 0, 4)))
    if explanation.trace:
        _print_trace(console, explanation.trace)


def _print_trace(console: Console, trace: Trace) -> None:
    ranks = ", ".join(f"{stage} {rank or '-'}" for stage, rank in trace.ranks.items())
    lost = f"lost at {trace.lost_at}: " if trace.lost_at else ""
    console.print()
    console.print(Text(f"{trace.source} ({trace.document_id})", style="bold"))
    console.print(Text(f"{lost}{trace.reason}"))
    if trace.remedy:
        console.print(Text(f"what would bring it in: {trace.remedy}"))
    if ranks:
        console.print(Text(f"places of its best chunks: {ranks}"))


def print_answer(answer: Answer) -> None:
    """The text, then each quote with its document, page and span."""
    console = Console()
    console.print(Text(answer.text))
    console.print()
    for citation in answer.citations:
        where = _place(citation.document, citation.page, citation.span)
        console.print(Text(f"[{citation.number}] {where}", style="bold"))
        console.print(Padding(Text(f"“{citation.quote}”"), (0, 0, 0, 4)))
    for sentence in answer.sentences:
        if sentence.is_doubtful:
            why = "; ".join(sentence.reasons) or sentence.verdict
            console.print(Text(f"not supported ({why}): {sentence.text}", style="yellow"))
    flags = "".join(f", {flag}" for flag in ("degraded", "truncated") if getattr(answer, flag))
    console.print(
        f"{answer.status}{flags}, confidence {answer.confidence:.2f}, {answer.generator}, "
        f"{answer.corpus}@{answer.release}, {answer.timings_ms['total']:.0f} ms",
        style="dim",
        highlight=False,
    )


def _place(document: DocumentRef, page: int | None, span: Span) -> str:
    at = f", page {page}" if page else ""
    return f"{document.source}{at} [{span.start}:{span.end}]"
