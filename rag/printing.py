"""Search results and answers on a terminal."""

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rag.domain import Answer, DocumentRef, SearchResult, Span

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
