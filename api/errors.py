"""Errors on the wire: OpenAI's envelope for everything, one table from class to status."""

import logging
import math

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException

from rag import errors
from rag.outgoing.cleaning import clean

log = logging.getLogger(__name__)

STATUS: list[tuple[type[errors.RagError], int, str]] = [
    (errors.InvalidQuestion, 422, "invalid_question"),
    (errors.InvalidText, 422, "invalid_text"),
    (errors.InvalidPassages, 422, "invalid_passages"),
    (errors.InvalidFilter, 422, "invalid_filter"),
    (errors.InvalidRetriever, 422, "invalid_retriever"),
    (errors.InvalidCorpusName, 404, "corpus_not_found"),
    (errors.CorpusNotFound, 404, "corpus_not_found"),
    (errors.ReleaseNotFound, 404, "release_not_found"),
    (errors.DocumentNotFound, 404, "document_not_found"),
    (errors.UnsupportedParameter, 400, "unsupported_parameter"),
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
    "invalid_text": "text",
    "invalid_passages": "passages",
    "invalid_filter": "filters",
    "invalid_retriever": "mode",
}
DOCUMENT_PARAMS = {"/v1/explain": "document", "/v1/documents": "after"}
"""Where a document is named otherwise than by the path."""
WAIT_S = 5  # chosen: a provider that is down is asked at most so often
OPENAI_PATHS = ("/v1/chat", "/v1/models")
HTTP_CODES = {
    400: "invalid_json",
    403: "foreign_origin",
    404: "unknown_route",
    405: "method_not_allowed",
    408: "body_too_slow",
    413: "body_too_large",
    415: "unsupported_media_type",
    503: "not_ready",
}
ErrorEnvelope = dict[str, dict[str, object]]

TYPES = {401: "authentication_error", 403: "permission_error", 404: "not_found_error"}


def envelope(status: int, message: str, *, code: str | None, param: str | None) -> ErrorEnvelope:
    """The body of an error."""
    kind = TYPES.get(status, "invalid_request_error" if status < 500 else "server_error")
    return {"error": {"message": clean(message), "type": kind, "param": param, "code": code}}


def describe(error: errors.RagError, path: str = "") -> tuple[int, ErrorEnvelope]:
    """Status and body of one of our errors on a path; a stream cut short keeps its text."""
    status, code = next((s, c) for cls, s, c in STATUS if isinstance(error, cls))
    param = getattr(error, "param", None) or _param_of(path, PARAMS.get(code))
    status = _status_on(path, status)
    body = envelope(status, str(error), code=code, param=param)
    if isinstance(error, errors.ChatModelTruncated):
        body["error"] |= {"partial": True, "text": error.partial}
    return status, body


def advise(error: errors.RagError) -> dict[str, str]:
    """Headers that say whether a client should ask again by itself."""
    if isinstance(error, errors.ChatModelTruncated):
        return {"x-should-retry": "false"}  # read by OpenAI's clients, which would ask twice more
    if isinstance(error, errors.ChatModelUnavailable):
        return {"retry-after": f"{math.ceil(error.retry_after_s or WAIT_S)}"}
    if isinstance(error, errors.EmbedderError) and error.is_passing:
        return {"retry-after": str(WAIT_S)}
    return {}


def _status_on(path: str, status: int) -> int:
    """OpenAI's routes say 400 where the others say 422."""
    return 400 if status == 422 and path.startswith(OPENAI_PATHS) else status


def _param_of(path: str, param: str | None) -> str | None:
    """What a route calls a parameter."""
    if path.startswith(OPENAI_PATHS):
        return {"corpus": "model", "question": "messages"}.get(param or "", param)
    return DOCUMENT_PARAMS.get(path, param) if param == "document_id" else param


def add_handlers(app: FastAPI) -> None:
    """Make every failure of `app` an envelope."""

    async def of_ours(request: Request, error: Exception) -> JSONResponse:
        assert isinstance(error, errors.RagError)
        path = request.url.path
        status, body = describe(error, path)
        if status >= 500:
            log.error("%s %s: %s", request.method, path, error)
        return JSONResponse(body, status, headers=advise(error))

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
        status = _status_on(request.url.path, 422)
        return JSONResponse(envelope(status, message, code=first["type"], param=param), status)

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
