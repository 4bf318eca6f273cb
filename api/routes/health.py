"""Is it alive, is it ready, which version is it."""

from fastapi import APIRouter
from fastapi.responses import JSONResponse

import rag
from api.forms.documenting import replies
from api.forms.listed import AliveForm, ReadyForm, VersionForm
from api.state import TheService

router = APIRouter(tags=["Health"])


@router.get("/healthz", response_model=None, responses=replies(AliveForm))
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get(
    "/readyz", response_model=None, responses=replies(ReadyForm) | {503: {"model": ReadyForm}}
)
def readyz(service: TheService) -> JSONResponse:
    """200 when the models are loaded and each live release is open and answers, else 503."""
    parts = service.readiness()
    ready = all(state == "ok" for state in parts.values())
    body: dict[str, object] = {"status": "ready" if ready else "not ready", "parts": parts}
    return JSONResponse(body, 200 if ready else 503)


@router.get("/version", response_model=None, responses=replies(VersionForm))
def version() -> dict[str, str]:
    """The version of the code."""
    return {"version": rag.__version__}
