"""The sources of a chat completion: annotations of its marks, and a list for text alone."""

import re
from urllib.parse import quote, urlencode

from rag.domain import Answer, Citation
from rag.json_forms import Body
from rag.outgoing.cleaning import clean_title

MARK = re.compile(r"\[(\d{1,3})\]")
NOTES = {
    "partial": "Not every sentence of this answer is supported by its sources.",
    "abstained": "The documents do not seem to hold the answer.",
    "degraded": "The chat model could not be asked, so this is made of quotes.",
    "length": "The text was cut at its longest.",
    "content_filter": "The text was cut by the provider's filter.",
}


def annotations(answer: Answer, base_url: str) -> list[Body]:
    """Each mark `[n]` of the text with the title and the address of its quote, as OpenAI has it."""
    return [
        {
            "type": "url_citation",
            "url_citation": {
                "url": quote_url(answer, answer.citations[number - 1], base_url),
                "title": clean_title(answer.citations[number - 1].document.title),
                "start_index": mark.start(),
                "end_index": mark.end(),
            },
        }
        for mark in MARK.finditer(answer.text)
        if 0 < (number := int(mark[1])) <= len(answer.citations)
    ]


def quote_url(answer: Answer, citation: Citation, base_url: str) -> str:
    """Where a client finds the quote marked in its document."""
    query = {
        "corpus": answer.corpus,
        "release": citation.release,
        "start": citation.span.start,
        "end": citation.span.end,
    }
    document = quote(citation.document.id, safe="")
    return f"{base_url.rstrip('/')}/documents/{document}?{urlencode(query)}"


def list_sources(answer: Answer, base_url: str) -> str:
    """What a text ends with where a client shows nothing else: its state, and its sources."""
    states = [answer.status, "degraded" if answer.degraded else "", answer.finish_reason]
    notes = [f"Note: {NOTES[state]}" for state in states if state in NOTES]
    sources = [_source(answer, each, base_url) for each in answer.citations]
    parts = ["\n".join(notes), "\n".join(["Sources:", *sources]) if sources else ""]
    return "".join(f"\n\n{part}" for part in parts if part)


def _source(answer: Answer, citation: Citation, base_url: str) -> str:
    page = f", page {citation.page}" if citation.page else ""
    title = clean_title(citation.document.title)
    return f"[{citation.number}] {title}{page}: {quote_url(answer, citation, base_url)}"
