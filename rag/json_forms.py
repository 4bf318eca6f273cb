"""Search results and answers in the JSON that programs read, the same over REST and `--json`."""

from dataclasses import asdict

from rag.answering.checking.footnotes import marks_of
from rag.answering.checking.given import CheckedText, GivenQuote
from rag.answering.followups import Standalone
from rag.domain import (
    Answer,
    Citation,
    DocumentRef,
    Hit,
    Passage,
    SearchResult,
    Sentence,
    Span,
    Usage,
)
from rag.outgoing.cleaning import clean_title
from rag.retrieval.explaining import Candidate, Explanation

Body = dict[str, object]
"""A JSON object."""


def search_body(result: SearchResult) -> Body:
    """The body of `POST /v1/search`."""
    return {
        "object": "list",
        "corpus": result.corpus,
        "release": result.release,
        "mode": result.mode,
        "confidence": round(result.confidence, 4),
        "data": [_hit(rank, hit) for rank, hit in enumerate(result.hits, 1)],
    }


def answer_body(answer: Answer) -> Body:
    """The body of `POST /v1/answers`; `nearest` names the closest sources of an abstention."""
    body = {
        "id": answer.id,
        "object": "answer",
        "status": answer.status,
        "text": answer.text,
        "confidence": round(answer.confidence, 4),
        "corpus": answer.corpus,
        "release": answer.release,
        "generator": answer.generator,
        "citations": [citation_body(citation) for citation in answer.citations],
        "sentences": [sentence_body(sentence) for sentence in answer.sentences],
        "marks": [
            {"start": span.start, "end": span.end, "citation": index}
            for span, index in marks_of(answer)
        ],
        "checked_by": answer.checked_by or None,
        "fingerprint": asdict(answer.fingerprint),
        "trace_id": answer.trace_id,
        "standalone_question": answer.standalone_question,
        "standalone_by": answer.standalone_by,
        "usage": usage_body(answer),
        "timings_ms": {name: round(ms, 1) for name, ms in answer.timings_ms.items()},
        "degraded": answer.degraded,
        "truncated": answer.truncated,
        "finish_reason": answer.finish_reason,
    }
    if answer.status == "abstained":
        body["nearest"] = [_passage(passage) for passage in answer.passages[:3]]
    elif answer.degraded:
        body["passages"] = [_passage(passage) for passage in answer.passages]
    return body


def check_body(checked: CheckedText) -> Body:
    """The body of `POST /v1/check`."""
    return {
        "object": "check",
        "status": checked.status,
        "score": round(checked.score, 4),
        "sentences": [sentence_body(sentence) for sentence in checked.sentences],
        "citations": [
            citation_body(each) if isinstance(each, Citation) else _given_quote(each)
            for each in checked.citations
        ],
        "checked_by": checked.checked_by,
    }


def _given_quote(quote: GivenQuote) -> Body:
    return {
        "number": quote.number,
        "quote": quote.quote,
        "passage": quote.passage.id,
        "page": None,
        "heading": list(quote.passage.heading),
        "span": _span(quote.span),
    }


def explanation_body(standalone: Standalone, explanation: Explanation) -> Body:
    """The body of `POST /v1/explain`."""
    search, trace = explanation.search, explanation.trace
    return {
        "object": "explanation",
        "corpus": search.corpus,
        "release": search.release,
        "mode": search.mode,
        "standalone_question": standalone.question,
        "standalone_by": standalone.by,
        "wordings": [wording.text for wording in search.wordings],
        "confidence": round(search.confidence, 4),
        "threshold": search.threshold,
        "is_answered": search.is_answered,
        "terms": {term: round(weight, 4) for term, weight in explanation.terms.items()},
        "readings": dict(explanation.readings),
        "chunks": explanation.chunks,
        "searched": explanation.searched,
        "kept": dict(explanation.kept),
        "data": [_candidate(rank, each) for rank, each in enumerate(explanation.candidates, 1)],
        "document": asdict(trace) if trace else None,
    }


def _candidate(rank: int, candidate: Candidate) -> Body:
    return {
        "rank": rank,
        "chunk_id": candidate.chunk.id,
        "text": candidate.chunk.text,
        "span": _span(candidate.chunk.span),
        "page": candidate.chunk.page,
        "heading": list(candidate.chunk.heading),
        "document": _document(candidate.document),
        "is_used": candidate.is_used,
        "places": {
            stage: {"rank": place.rank, "score": round(place.score, 4)}
            for stage, place in candidate.places.items()
        },
    }


def citation_body(citation: Citation) -> Body:
    """One citation: the quote and where exactly it stands."""
    return {
        "number": citation.number,
        "quote": citation.quote,
        "document": _document(citation.document),
        "release": citation.release,
        "page": citation.page,
        "heading": list(citation.heading),
        "span": _span(citation.span),
    }


def sentence_body(sentence: Sentence) -> Body:
    """One sentence of a text with its verdict; `start` and `end` count characters of the text."""
    return {
        "start": sentence.span.start,
        "end": sentence.span.end,
        "text": sentence.text,
        "verdict": sentence.verdict,
        "supported": sentence.verdict == "supported",
        "score": None if sentence.score is None else round(sentence.score, 4),
        "reasons": list(sentence.reasons),
        "citations": list(sentence.citations),
    }


def usage_body(answer: Answer) -> Body:
    """Tokens of an answer, as OpenAI counts them."""
    return tokens_body(answer.usage)


def tokens_body(usage: Usage) -> Body:
    """Tokens as OpenAI counts them."""
    prompt, completion = usage.prompt_tokens, usage.completion_tokens
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def _hit(rank: int, hit: Hit) -> Body:
    return {
        "rank": rank,
        "score": round(hit.score, 4),
        "scores": {name: round(score, 4) for name, score in hit.scores.items()},
        "chunk_id": hit.chunk.id,
        "text": hit.chunk.text,
        "span": _span(hit.chunk.span),
        "page": hit.chunk.page,
        "heading": list(hit.chunk.heading),
        "document": _document(hit.document),
    }


def _passage(passage: Passage) -> Body:
    return {
        "text": passage.text,
        "span": _span(passage.span),
        "page": passage.page,
        "heading": list(passage.heading),
        "document": _document(passage.document),
    }


def _document(reference: DocumentRef) -> Body:
    return asdict(reference) | {"title": clean_title(reference.title)}


def _span(span: Span) -> Body:
    return {"start": span.start, "end": span.end}
