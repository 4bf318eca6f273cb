"""The page: chat at `/`, and each document with a quote marked in it."""

from pathlib import Path
from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from fastapi.templating import Jinja2Templates

from api.state import ThePlumbline, TheService
from rag.retrieval.scope import Scope

HERE = Path(__file__).parents[1]
templates = Jinja2Templates(HERE / "templates")
router = APIRouter(include_in_schema=False)

Offset = Annotated[int, Query(ge=0)]


@router.get("/")
def chat(request: Request, service: TheService) -> HTMLResponse:
    """Ask, watch the answer, see each quote in its document."""
    corpora = service.plumbline().corpora() if service.is_loaded else []
    context = {"corpora": corpora, "loaded": service.is_loaded, "problem": service.problem}
    return templates.TemplateResponse(request, "chat.html", context)


@router.get("/documents/{document_id}")
def show_document(  # noqa: PLR0913 - a link's query is its interface
    request: Request,
    document_id: str,
    corpus: str,
    plumbline: ThePlumbline,
    release: Annotated[int | None, Query(ge=1)] = None,
    start: Offset = 0,
    end: Offset = 0,
) -> HTMLResponse:
    """The exact text of a document with `[start, end)` marked."""
    document = plumbline.document(document_id, corpus=corpus, scope=Scope(release=release))
    start, end = min(start, end), min(end, len(document.text))
    context = {
        "document": document,
        "corpus": corpus,
        "release": release,
        "page": document.page_at(start),
        "before": document.text[:start],
        "quote": document.text[start:end],
        "after": document.text[end:],
    }
    return templates.TemplateResponse(request, "document.html", context)
