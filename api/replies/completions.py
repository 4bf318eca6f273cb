"""The bodies of OpenAI's chat protocol, made from our answers."""

import time
import uuid
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from api.bodies import ChatRequest
from api.errors import describe
from api.replies.streaming import EventForm, event
from rag import json_forms
from rag.domain import Answer, AnswerDelta
from rag.releases.manifest import Manifest

OWNER = "plumbline"
DONE = "data: [DONE]\n\n"
NO_TOKENS = {"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}


def model_body(manifest: Manifest) -> dict[str, Any]:
    """A corpus as a model."""
    created = int(datetime.fromisoformat(manifest.created).timestamp())
    return {"id": manifest.corpus, "object": "model", "created": created, "owned_by": OWNER}


def completion_body(answer: Answer, body: ChatRequest) -> dict[str, Any]:
    """An answer as a completion, with `citations` beside the text unless they are switched off."""
    extras = _extras(answer) if body.citations else {}
    return _completion(body, answer.text, answer.finish_reason, extras) | {
        "usage": json_forms.usage_body(answer)
    }


def text_body(text: str, body: ChatRequest) -> dict[str, Any]:
    """A text that is no answer as a completion."""
    return _completion(body, text, "stop", {}) | {"usage": NO_TOKENS}


def text_chunks(text: str, body: ChatRequest) -> Iterator[str]:
    """A text that is no answer as the events of a stream."""
    head = _head("chat.completion.chunk", body.model)
    yield event(head | _choice({"role": "assistant", "content": text}))
    yield event(head | _choice({}, "stop"))
    if _wants_usage(body):
        yield event(head | {"choices": [], "usage": NO_TOKENS})
    yield DONE


def chunk_form(body: ChatRequest) -> EventForm:
    """The chunks of one streamed completion, all under one id."""
    head = _head("chat.completion.chunk", body.model)

    def of_item(item: AnswerDelta | Answer) -> Iterator[str]:
        if isinstance(item, AnswerDelta):
            yield event(head | _choice({"content": item.text}))
            return
        extras = _extras(item) if body.citations else {}
        yield event(head | _choice(extras, item.finish_reason) | extras)
        if _wants_usage(body):
            yield event(head | {"choices": [], "usage": json_forms.usage_body(item)})

    return EventForm(
        opening=event(head | _choice({"role": "assistant", "content": ""})),
        of_item=of_item,
        of_error=lambda error: event(describe(error)[1]),
        closing=DONE,
    )


def _completion(
    body: ChatRequest, text: str, finish_reason: str, extras: dict[str, Any]
) -> dict[str, Any]:
    message = {"role": "assistant", "content": text} | extras
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return _head("chat.completion", body.model) | {"choices": [choice]}


def _extras(answer: Answer) -> dict[str, Any]:
    return {
        "citations": [json_forms.citation_body(citation) for citation in answer.citations],
        "status": answer.status,
        "release": answer.release,
        "degraded": answer.degraded,
        "answer_id": answer.id,
    }


def _wants_usage(body: ChatRequest) -> bool:
    return bool(body.stream_options and body.stream_options.include_usage)


def _head(kind: str, model: str) -> dict[str, Any]:
    id_ = f"chatcmpl-{uuid.uuid4().hex}"
    return {"id": id_, "object": kind, "created": int(time.time()), "model": model}


def _choice(delta: dict[str, Any], finish_reason: str | None = None) -> dict[str, Any]:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}
