"""Errors on the wire: OpenAI's envelope for everything, one table from class to status."""

import logging
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rag import errors

log = logging.getLogger(__name__)

STATUS: list[tuple[type[errors.RagError], int, str]] = [
    (errors.InvalidQuestion, 422, "invalid_question"),
    (errors.InvalidCorpusName, 404, "corpus_not_found"),
    (errors.CorpusNotFound, 404, "corpus_not_found"),
    (errors.ReleaseNotFound, 404, "release_not_found"),
    (errors.DocumentNotFound, 404, "document_not_found"),
    (errors.UsageError, 422, "invalid_request"),
    (errors.ChatModelTruncated, 502, "upstream_truncated"),
    (errors.ChatModelError, 503, "upstream_unavailable"),
    (errors.RagError, 503, "unavailable"),
]
"""First match wins, so the narrower classes stand first."""
PARAMS = {"corpus_not_found": "corpus", "invalid_question": "question"}
TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}


def envelope(status: int, message: str, *, code: str | None, param: str | None) -> dict[str, Any]:
    """The body of an error."""
    kind = TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": message, "type": kind, "param": param, "code": code}}


def describe(error: errors.RagError) -> tuple[int, dict[str, Any]]:
    """Status and body of one of our errors; a stream cut short keeps its partial text."""
    status, code = next((s, c) for cls, s, c in STATUS if isinstance(error, cls))
    body = envelope(status, str(error), code=code, param=PARAMS.get(code))
    if isinstance(error, errors.ChatModelTruncated):
        body["error"] |= {"partial": True, "text": error.partial}
    return status, body


def add_handlers(app: FastAPI) -> None:
    """Make every failure of `app` an envelope."""

    async def of_ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, errors.RagError)
        status, body = describe(error)
        if status >= 500:
            log.error("%s %s: %s", request.method, request.url.path, error)
        return JSONResponse(body, status)

    async def of_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        message = str(error.detail)
        if error.status_code == 404 and message == "Not Found":
            message = f"no route {request.method} {request.url.path}"
        body = envelope(error.status_code, message, code=None, param=None)
        return JSONResponse(body, error.status_code, headers=error.headers)

    async def of_validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        if first["type"] == "json_invalid":
            body = envelope(400, "the body is not JSON", code="invalid_json", param=None)
            return JSONResponse(body, 400)
        param = ".".join(str(part) for part in first["loc"] if part != "body") or None
        said = first["msg"].removeprefix("Value error, ")
        message = f"{param}: {said}" if param else said
        return JSONResponse(envelope(422, message, code=first["type"], param=param), 422)

    async def of_bugs(request: Request, error: Exception) -> JSONResponse:
        log.exception("%s %s failed", request.method, request.url.path, exc_info=error)
        body = envelope(500, "an internal error, see the log", code="internal_error", param=None)
        return JSONResponse(body, 500)

    app.add_exception_handler(errors.RagError, of_ours)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(Exception, of_bugs)
