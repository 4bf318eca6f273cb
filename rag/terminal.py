"""Search results and answers on a terminal."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rag.answering.followups import Standalone
from rag.domain import Answer, DocumentRef, SearchResult, Span
from rag.retrieval.explaining import Explanation
from rag.retrieval.tracing import Trace

QUOTE_CHARACTERS = 160


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
    relation = "reaches" if explanation.is_answered else "does not reach"
    console.print(
        f"{explanation.corpus}@{explanation.release}, {explanation.mode}: confidence "
        f"{explanation.confidence:.3f} {relation} the threshold {explanation.threshold:.3f}; "
        f"{explanation.searched:,} of {explanation.chunks:,} chunks could be found",
        highlight=False,
    )
    if standalone.by != "user":
        console.print(Text(f"searched for, by the {standalone.by}: {standalone.question}"))
    terms = ", ".join(f"{term} {weight:.1f}" for term, weight in explanation.terms.items())
    console.print(Text(f"terms with their weights: {terms or 'none'}"))
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
        doubt = "" if citation.supported else "  (does not support the statement)"
        console.print(Text(f"[{citation.number}] {where}{doubt}", style="bold"))
        console.print(Padding(Text(f"“{citation.quote}”"), (0, 0, 0, 4)))
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
