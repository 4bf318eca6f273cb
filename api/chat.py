"""The OpenAI-compatible routes: a corpus is a model, its answers are chat completions."""

import logging
import time
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Any

from fastapi import APIRouter
from fastapi.responses import Response

from api.bodies import ChatRequest
from api.errors import describe
from api.state import ThePlumbline
from api.streaming import event, first_and_rest, read_answer, respond
from rag import wire
from rag.domain import Answer, AnswerDelta, Manifest, Message
from rag.errors import CorpusNotFound, RagError

log = logging.getLogger(__name__)
router = APIRouter(prefix="/v1", tags=["openai"])

OWNER = "plumbline"
CLIENT_TASK = "### Task:"


@router.get("/models")
def list_models(plumbline: ThePlumbline) -> dict[str, Any]:
    """Each corpus as a model."""
    return {"object": "list", "data": [_model(manifest) for manifest in plumbline.corpora()]}


@router.get("/models/{model}")
def get_model(model: str, plumbline: ThePlumbline) -> dict[str, Any]:
    """One corpus as a model."""
    for manifest in plumbline.corpora():
        if manifest.corpus == model:
            return _model(manifest)
    raise CorpusNotFound(f"no corpus {model[:80]!r} is served: see /v1/models")


@router.post("/chat/completions", response_model=None)
async def complete(body: ChatRequest, plumbline: ThePlumbline) -> dict[str, Any] | Response:
    """Answer the last user message from the corpus named by `model`.

    The message carries `citations` beside its `[1]` marks, unless the request says
    `"citations": false`.
    """
    conversation = [message.to_message() for message in body.messages]
    if task := _client_task(conversation):
        return (
            _completion_of_task(body, task)
            if not body.stream
            else respond(_stream_task(body, task))
        )
    while len(conversation) > 1 and conversation[-1].role == "system":
        conversation.pop()
    items = plumbline.answer(conversation, corpus=body.model, max_tokens=body.limit)
    if body.stream:
        return respond(_chunks(await first_and_rest(items), body))
    return _completion(await read_answer(items), body)


def _completion(answer: Answer, body: ChatRequest) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", "content": answer.text}
    if body.citations:
        message |= _extras(answer)
    return {
        **_head("chat.completion", answer.id, body.model),
        "choices": [{"index": 0, "message": message, "finish_reason": _finish(answer)}],
        "usage": wire.usage_body(answer),
    }


async def _chunks(
    items: AsyncIterator[AnswerDelta | Answer], body: ChatRequest
) -> AsyncIterator[str]:
    head = _head("chat.completion.chunk", f"chatcmpl-{time.time_ns():x}", body.model)
    try:
        yield event(head | _choice({"role": "assistant", "content": ""}))
        async for item in items:
            if isinstance(item, AnswerDelta):
                yield event(head | _choice({"content": item.text}))
                continue
            extras = _extras(item) if body.citations else {}
            yield event(head | _choice(extras, _finish(item)) | extras)
            if body.stream_options and body.stream_options.include_usage:
                yield event(head | {"choices": [], "usage": wire.usage_body(item)})
        yield "data: [DONE]\n\n"
    except RagError as error:
        log.error("a stream broke off: %s", error)
        yield event(describe(error)[1])
    finally:
        await items.aclose()  # type: ignore[attr-defined]  # `first_and_rest` gives a generator


def _extras(answer: Answer) -> dict[str, Any]:
    return {
        "citations": [wire.citation_body(citation) for citation in answer.citations],
        "status": answer.status,
        "release": answer.release,
        "degraded": answer.degraded,
    }


def _finish(answer: Answer) -> str:
    return "length" if answer.truncated else "stop"


def _head(kind: str, id_: str, model: str) -> dict[str, Any]:
    return {"id": id_, "object": kind, "created": int(time.time()), "model": model}


def _choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}


def _model(manifest: Manifest) -> dict[str, Any]:
    created = int(datetime.fromisoformat(manifest.created).timestamp())
    return {"id": manifest.corpus, "object": "model", "created": created, "owned_by": OWNER}


def _client_task(conversation: list[Message]) -> str | None:
    """What to answer when a chat client asks for a title, tags or follow-ups, else None.

    Open WebUI sends such prompts to the same route; they are no questions to the documents.
    """
    last = conversation[-1].content if conversation else ""
    if not last.startswith(CLIENT_TASK):
        return None
    if '"follow_ups"' in last:
        return '{"follow_ups": []}'
    if '"tags"' in last:
        return '{"tags": ["General"]}'
    if '"title"' in last:
        return '{"title": "Questions to the documents"}'
    return "{}"


def _completion_of_task(body: ChatRequest, text: str) -> dict[str, Any]:
    message = {"role": "assistant", "content": text}
    return {
        **_head("chat.completion", f"chatcmpl-{time.time_ns():x}", body.model),
        "choices": [{"index": 0, "message": message, "finish_reason": "stop"}],
        "usage": {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0},
    }


async def _stream_task(body: ChatRequest, text: str) -> AsyncIterator[str]:
    head = _head("chat.completion.chunk", f"chatcmpl-{time.time_ns():x}", body.model)
    yield event(head | _choice({"role": "assistant", "content": text}))
    yield event(head | _choice({}, "stop"))
    yield "data: [DONE]\n\n"
