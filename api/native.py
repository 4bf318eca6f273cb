"""The native routes: search, answers, corpora and documents."""

import logging
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.responses import PlainTextResponse, Response

from api.bodies import AnswerRequest, SearchRequest
from api.errors import describe
from api.state import ThePlumbline
from api.streaming import event, first_and_rest, read_answer, respond
from rag import wire
from rag.domain import Answer, AnswerDelta, DocumentRef, Manifest
from rag.errors import CorpusNotFound, RagError

log = logging.getLogger(__name__)
router = APIRouter(prefix="/v1", tags=["native"])

Corpus = Annotated[str, Query(description="Name of the corpus")]
Release = Annotated[int | None, Query(ge=1, description="Number of a retained release")]


@router.post("/search")
def search(body: SearchRequest, plumbline: ThePlumbline) -> dict[str, Any]:
    """Ranked chunks with each stage's scores; no chat model is asked."""
    result = plumbline.search(
        body.query, corpus=body.corpus, top_k=body.top_k, mode=body.mode, release=body.release
    )
    return wire.search_body(result)


@router.post("/answers", response_model=None)
async def answer(body: AnswerRequest, plumbline: ThePlumbline) -> dict[str, Any] | Response:
    """An answer with checked quotes.

    With `stream` the reply is server-sent events: any number of `delta` (`{"text"}`), then exactly
    one `answer` (the whole body) or `error`.
    """
    items = plumbline.answer(body.conversation(), corpus=body.corpus)
    if not body.stream:
        return wire.answer_body(await read_answer(items))
    return respond(_events(await first_and_rest(items)))


async def _events(items: AsyncIterator[AnswerDelta | Answer]) -> AsyncIterator[str]:
    try:
        async for item in items:
            if isinstance(item, AnswerDelta):
                yield event({"text": item.text}, "delta")
            else:
                yield event(wire.answer_body(item), "answer")
    except RagError as error:
        log.error("a stream broke off: %s", error)
        yield event(describe(error)[1], "error")
    finally:
        await items.aclose()  # type: ignore[attr-defined]  # `first_and_rest` gives a generator


@router.get("/corpora")
def list_corpora(plumbline: ThePlumbline) -> dict[str, Any]:
    """All corpora with a live release."""
    return _page([_corpus(manifest) for manifest in plumbline.corpora()])


@router.get("/corpora/{name}")
def get_corpus(name: str, plumbline: ThePlumbline) -> dict[str, Any]:
    """One corpus and its live release."""
    for manifest in plumbline.corpora():
        if manifest.corpus == name:
            return _corpus(manifest)
    raise CorpusNotFound(f"no corpus {name[:80]!r} is served: see /v1/corpora")


@router.get("/documents")
def list_documents(corpus: Corpus, plumbline: ThePlumbline) -> dict[str, Any]:
    """All documents of a corpus's live release."""
    return _page([_document(reference) for reference in plumbline.documents(corpus)])


@router.get("/documents/{document_id}")
def get_document(
    document_id: str, corpus: Corpus, plumbline: ThePlumbline, release: Release = None
) -> dict[str, Any]:
    """What is known of one document."""
    document = plumbline.document(document_id, corpus=corpus, release=release)
    return _document(document.reference) | {
        "media_type": document.media_type,
        "characters": len(document.text),
        "pages": len(document.pages),
    }


@router.get("/documents/{document_id}/text")
def get_text(
    document_id: str, corpus: Corpus, plumbline: ThePlumbline, release: Release = None
) -> PlainTextResponse:
    """The extracted text in which citations count their characters."""
    document = plumbline.document(document_id, corpus=corpus, release=release)
    return PlainTextResponse(document.text)


def _corpus(manifest: Manifest) -> dict[str, Any]:
    return {
        "id": manifest.corpus,
        "object": "corpus",
        "release": manifest.release,
        "created": manifest.created,
        "documents": manifest.documents,
        "chunks": manifest.chunks,
        "language": manifest.language,
        "embedder": manifest.embedder,
    }


def _document(reference: DocumentRef) -> dict[str, Any]:
    return {
        "id": reference.id,
        "object": "document",
        "version": reference.version,
        "source": reference.source,
        "title": reference.title,
    }


def _page(data: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "object": "list",
        "data": data,
        "has_more": False,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }
