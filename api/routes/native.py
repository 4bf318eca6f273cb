"""The native routes: search, answers, corpora and documents."""

from collections.abc import Iterator
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, PlainTextResponse, Response

from api.bodies import AnswerRequest, CheckRequest, ExplainRequest, SearchRequest
from api.errors import describe
from api.forms import found, listed
from api.forms.documenting import replies
from api.json_bodies import JsonRoute
from api.replies.streaming import EventForm, event, read_answer, stream_answer
from api.state import ThePlumbline, TheService
from rag import json_forms
from rag.domain import Answer, AnswerDelta, DocumentRef
from rag.errors import DocumentNotFound
from rag.json_forms import Body
from rag.outgoing.cleaning import clean_title
from rag.plumbline import Plumbline
from rag.releases.manifest import Manifest
from rag.retrieval.scope import Scope

router = APIRouter(prefix="/v1", tags=["Native"], route_class=JsonRoute)

Corpus = Annotated[str, Query(description="Name of the corpus")]
Release = Annotated[int | None, Query(ge=1, description="Number of a retained release")]
Limit = Annotated[int, Query(ge=1, le=1000, description="How many at most")]
After = Annotated[str | None, Query(description="`last_id` of the page before")]


@router.post("/search", response_model=None, responses=replies(found.SearchForm))
def search(body: SearchRequest, plumbline: ThePlumbline) -> JSONResponse:
    """Ranked chunks with each stage's scores in `data`; no chat model is asked."""
    result = plumbline.search(body.query, corpus=body.corpus, top_k=body.top_k, scope=body.scope)
    return JSONResponse(
        json_forms.search_body(result)
    )  # FastAPI would look at every value of a dict


@router.post(
    "/answers",
    response_model=None,
    responses=replies(found.AnswerForm, events=found.AnswerEvent),
)
async def answer(
    body: AnswerRequest, request: Request, plumbline: ThePlumbline, service: TheService
) -> Body | Response:
    """An answer with checked quotes.

    With `stream` the reply is server-sent events: any number of `delta` (`{"text"}`), then exactly
    one `answer` (the whole body) or `error`.
    """
    conversation = body.conversation()
    items = service.kept(
        plumbline.answer(conversation, corpus=body.corpus, writing=body.writing, scope=body.scope),
        conversation,
    )
    if not body.stream:
        return json_forms.answer_body(await read_answer(items, request))
    form = EventForm("", _events, lambda error: event(describe(error)[1], "error"), "")
    return await stream_answer(items, form)


def _events(item: AnswerDelta | Answer) -> Iterator[str]:
    if isinstance(item, AnswerDelta):
        yield event({"text": item.text}, "delta")
    else:
        yield event(json_forms.answer_body(item), "answer")


@router.post("/check", response_model=None, responses=replies(found.CheckForm))
async def check(body: CheckRequest, plumbline: ThePlumbline) -> Body:
    """Each sentence of a text with its verdict, reasons in words, and the quotes that decide."""
    checked = await plumbline.check(
        body.text,
        corpus=body.corpus or "",
        passages=body.given(),
        question=body.question or "",
        scope=body.scope,
    )
    return json_forms.check_body(checked)


@router.post("/explain", response_model=None, responses=replies(found.ExplanationForm))
async def explain(body: ExplainRequest, plumbline: ThePlumbline) -> Body:
    """Each candidate's rank and score at each stage, and what became of `document`."""
    standalone, explanation = await plumbline.explain(
        body.conversation(),
        corpus=body.corpus,
        document=body.document,
        top_k=body.top_k,
        scope=body.scope,
    )
    return json_forms.explanation_body(standalone, explanation)


@router.get("/corpora", response_model=None, responses=replies(listed.CorporaForm))
def list_corpora(plumbline: ThePlumbline) -> Body:
    """All corpora with a live release."""
    data = [_corpus(manifest, plumbline) for manifest in plumbline.corpora()]
    return _page(data, has_more=False)


@router.get("/corpora/{name}", response_model=None, responses=replies(listed.CorpusForm))
def get_corpus(name: str, plumbline: ThePlumbline) -> Body:
    """One corpus and its live release."""
    return _corpus(plumbline.corpus(name), plumbline)


@router.get("/documents", response_model=None, responses=replies(listed.DocumentsForm))
def list_documents(
    corpus: Corpus, plumbline: ThePlumbline, limit: Limit = 100, after: After = None
) -> Body:
    """Documents of a corpus's live release in order of their source, page by page."""
    references = plumbline.documents(corpus)
    start = 0
    if after is not None:
        ids = [reference.id for reference in references]
        if after not in ids:
            raise DocumentNotFound(f"no document {after[:80]!r}: begin again without `after`")
        start = ids.index(after) + 1
    end = start + limit
    return _page([_document(each) for each in references[start:end]], end < len(references))


@router.get(
    "/documents/{document_id}", response_model=None, responses=replies(listed.ListedDocumentForm)
)
def get_document(
    document_id: str, corpus: Corpus, plumbline: ThePlumbline, release: Release = None
) -> Body:
    """What is known of one document."""
    document = plumbline.document(document_id, corpus=corpus, scope=Scope(release=release))
    return _document(document.reference) | {
        "media_type": document.media_type,
        "characters": len(document.text),
        "pages": len(document.pages),
    }


@router.get(
    "/documents/{document_id}/text",
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def get_text(
    document_id: str, corpus: Corpus, plumbline: ThePlumbline, release: Release = None
) -> PlainTextResponse:
    """The extracted text in which citations count their characters."""
    document = plumbline.document(document_id, corpus=corpus, scope=Scope(release=release))
    return PlainTextResponse(document.text)


def _corpus(manifest: Manifest, plumbline: Plumbline) -> Body:
    return {
        "id": manifest.corpus,
        "object": "corpus",
        "release": manifest.release,
        "created": manifest.created,
        "documents": manifest.documents,
        "chunks": manifest.chunks,
        "language": manifest.language,
        "embedder": manifest.embedder,
        "precision_note": plumbline.precision_note(manifest) or None,
    }


def _document(reference: DocumentRef) -> Body:
    return {
        "id": reference.id,
        "object": "document",
        "version": reference.version,
        "source": reference.source,
        "title": clean_title(reference.title),
    }


def _page(data: list[Body], has_more: bool) -> Body:
    return {
        "object": "list",
        "data": data,
        "has_more": has_more,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
    }
