"""Is it alive, is it ready, which version is it."""

from typing import Any

from fastapi import APIRouter
from fastapi.responses import JSONResponse

import rag
from api.state import TheService

router = APIRouter(tags=["Health"])


@router.get("/healthz")
def healthz() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/readyz")
def readyz(service: TheService) -> JSONResponse:
    """200 when the models are loaded and each live release is open and answers, else 503."""
    parts = service.readiness()
    ready = all(state == "ok" for state in parts.values())
    body: dict[str, Any] = {"status": "ready" if ready else "not ready", "parts": parts}
    return JSONResponse(body, 200 if ready else 503)


@router.get("/version")
def version() -> dict[str, str]:
    """The version of the code."""
    return {"version": rag.__version__}
