"""Results, answers and checked texts as a terminal shows them."""

import json
from collections.abc import Sequence

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from rag.answering.checking.given import CheckedText, GivenQuote
from rag.answering.followups import Standalone
from rag.domain import Answer, Citation, DocumentRef, SearchResult, Sentence, Span
from rag.json_forms import Body
from rag.retrieval.explaining import Explanation
from rag.retrieval.tracing import Trace

QUOTE_CHARACTERS = 160  # chosen: two lines of a terminal


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
    """The text with its doubtful sentences told, then each quote with its place."""
    console = Console()
    console.print(_tell_doubts(answer.text, answer.sentences))
    console.print()
    _print_quotes(console, answer.citations)
    flags = "".join(f", {flag}" for flag in ("degraded", "truncated") if getattr(answer, flag))
    console.print(
        f"{answer.status}{flags}, confidence {answer.confidence:.2f}, {answer.generator}, "
        f"{answer.corpus}@{answer.release}, {answer.timings_ms['total']:.0f} ms",
        style="dim",
        highlight=False,
    )


def print_check(checked: CheckedText) -> None:
    """The text with its doubtful sentences told, then the quotes that decide."""
    console = Console()
    console.print(_tell_doubts(checked.text, checked.sentences))
    console.print()
    _print_quotes(console, checked.citations)
    told = f"{checked.status}, score {checked.score:.2f}, checked by {checked.checked_by}"
    console.print(told, style="dim", highlight=False)


def _tell_doubts(text: str, sentences: Sequence[Sentence]) -> Text:
    """The text, in which doubtful sentences have another colour and their reason behind them."""
    told = Text()
    at = 0
    for sentence in sentences:
        told.append(text[at : sentence.span.start])
        at = sentence.span.end
        style = "yellow" if sentence.is_doubtful else ""
        told.append(text[sentence.span.start : at], style)
        if sentence.is_doubtful:
            why = "; ".join(sentence.reasons)
            tag = "no source" if sentence.verdict == "unsupported" else "differs"
            told.append(f" ({tag}: {why})" if why else f" ({tag})", "yellow dim")
    told.append(text[at:])
    return told


def _print_quotes(console: Console, citations: Sequence[Citation | GivenQuote]) -> None:
    for each in citations:
        if isinstance(each, Citation):
            where = _place(each.document, each.page, each.span) + _age(each.document)
        else:
            where = f"passage {each.passage.id} [{each.span.start}:{each.span.end}]"
        console.print(Text(f"[{each.number}] {where}", style="bold"))
        console.print(Padding(Text(f"“{each.quote}”"), (0, 0, 0, 4)))


def _age(document: DocumentRef) -> str:
    """When a document is from, and whether it is the newest of its versions."""
    day = document.valid_from or document.date
    newer = ", there is a newer version" if document.superseded_by else ""
    return (f", of {day}" if day else "") + newer


def _place(document: DocumentRef, page: int | None, span: Span) -> str:
    at = f", page {page}" if page else ""
    return f"{document.source}{at} [{span.start}:{span.end}]"
