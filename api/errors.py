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
    (errors.InvalidFilter, 422, "invalid_filter"),
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
PARAMS = {
    "corpus_not_found": "corpus",
    "release_not_found": "release",
    "document_not_found": "document_id",
    "invalid_question": "question",
    "invalid_filter": "filters",
}
OPENAI_PATHS = ("/v1/chat", "/v1/models")
HTTP_CODES = {
    400: "invalid_json",
    404: "unknown_route",
    405: "method_not_allowed",
    408: "body_too_slow",
    413: "body_too_large",
    415: "unsupported_media_type",
    503: "not_ready",
}
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
        if request.url.path.startswith(OPENAI_PATHS) and body["error"]["param"] == "corpus":
            body["error"]["param"] = "model"
        if status >= 500:
            log.error("%s %s: %s", request.method, request.url.path, error)
        return JSONResponse(body, status)

    async def of_http(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, HTTPException)
        message = str(error.detail)
        if error.status_code == 404 and message == "Not Found":
            message = f"no route {request.method} {request.url.path}"
        code = HTTP_CODES.get(error.status_code)
        body = envelope(error.status_code, message, code=code, param=None)
        return JSONResponse(body, error.status_code, headers=error.headers)

    async def of_validation(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, RequestValidationError)
        first = error.errors()[0]
        param = ".".join(str(part) for part in first["loc"][1:]) or None
        said = first["msg"].removeprefix("Value error, ")
        message = f"{param}: {said}" if param else said
        return JSONResponse(envelope(422, message, code=first["type"], param=param), 422)

    async def of_bugs(request: Request, error: Exception) -> JSONResponse:
        id_ = request.state.request_id
        log.error("%s: %s %s failed", id_, request.method, request.url.path)
        message = f"an internal error: the log has it as {id_}"
        body = envelope(500, message, code="internal_error", param=None)
        return JSONResponse(body, 500, headers={"x-request-id": id_})

    app.add_exception_handler(errors.RagError, of_ours)
    app.add_exception_handler(HTTPException, of_http)
    app.add_exception_handler(RequestValidationError, of_validation)
    app.add_exception_handler(Exception, of_bugs)
