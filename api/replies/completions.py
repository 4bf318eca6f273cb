"""The bodies of OpenAI's chat protocol, made from our answers."""

import math
import time
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from api.bodies import ChatRequest
from api.errors import describe
from api.replies.sources import annotations, list_sources
from api.replies.streaming import EventForm, event
from rag import json_forms
from rag.domain import Answer, AnswerDelta, Usage
from rag.json_forms import Body
from rag.releases.manifest import Manifest
from rag.text.lengths import estimate_tokens

OWNER = "plumbline"
DONE = "data: [DONE]\n\n"


def model_body(manifest: Manifest) -> Body:
    """A corpus as a model."""
    created = int(datetime.fromisoformat(manifest.created).timestamp())
    return {"id": manifest.corpus, "object": "model", "created": created, "owned_by": OWNER}


def text_body(text: str, body: ChatRequest) -> Body:
    """A text that is no answer as a completion."""
    return _completion(body, text, "stop", {}) | {"usage": _usage(text, body)}


def text_chunks(text: str, body: ChatRequest) -> Iterator[str]:
    """A text that is no answer as the events of a stream."""
    head = _head("chat.completion.chunk", body.model)
    yield event(head | _choice({"role": "assistant", "content": text}))
    yield event(head | _choice({}, "stop"))
    if _wants_usage(body):
        yield event(head | {"choices": [], "usage": _usage(text, body)})
    yield DONE


@dataclass(frozen=True, slots=True)
class CompletionStyle:
    """Answers as completions for one request; `base_url` is where it found us.

    Citations, annotations and state stand beside the text unless they are switched off. With
    `sources` "text" a list of them stands behind it.
    """

    body: ChatRequest
    base_url: str
    sources: Literal["fields", "text"]

    def of_answer(self, answer: Answer) -> Body:
        """A whole completion."""
        text, extras = answer.text + self._behind(answer), self._beside(answer)
        return _completion(self.body, text, answer.finish_reason, extras) | {
            "usage": json_forms.usage_body(answer)
        }

    def of_stream(self) -> EventForm:
        """The chunks of one streamed completion, all under one id."""
        head = _head("chat.completion.chunk", self.body.model)

        def of_item(item: AnswerDelta | Answer) -> Iterator[str]:
            if isinstance(item, AnswerDelta):
                yield event(head | _choice({"content": item.text}))
                return
            if behind := self._behind(item):
                yield event(head | _choice({"content": behind}))
            extras = self._beside(item)
            yield event(head | _choice(extras, item.finish_reason) | extras)
            if _wants_usage(self.body):
                yield event(head | {"choices": [], "usage": json_forms.usage_body(item)})

        return EventForm(
            opening=event(head | _choice({"role": "assistant", "content": ""})),
            of_item=of_item,
            of_error=lambda error: event(describe(error)[1]),
            closing=DONE,
        )

    def _behind(self, answer: Answer) -> str:
        return list_sources(answer, self.base_url) if self.sources == "text" else ""

    def _beside(self, answer: Answer) -> Body:
        if not self.body.citations:
            return {}
        return {
            "annotations": annotations(answer, self.base_url),
            "citations": [json_forms.citation_body(citation) for citation in answer.citations],
            "status": answer.status,
            "release": answer.release,
            "degraded": answer.degraded,
            "answer_id": answer.id,
        }


def _completion(body: ChatRequest, text: str, finish_reason: str, extras: Body) -> Body:
    message = {"role": "assistant", "content": text} | extras
    choice = {"index": 0, "message": message, "finish_reason": finish_reason}
    return _head("chat.completion", body.model) | {"choices": [choice]}


def _usage(text: str, body: ChatRequest) -> Body:
    asked = sum(estimate_tokens(message.to_message().content) for message in body.messages)
    return json_forms.tokens_body(Usage(math.ceil(asked), math.ceil(estimate_tokens(text))))


def _wants_usage(body: ChatRequest) -> bool:
    return bool(body.stream_options and body.stream_options.include_usage)


def _head(kind: str, model: str) -> Body:
    id_ = f"chatcmpl-{uuid.uuid4().hex}"
    return {"id": id_, "object": kind, "created": int(time.time()), "model": model}


def _choice(delta: Body, finish_reason: str | None = None) -> Body:
    return {"choices": [{"index": 0, "delta": delta, "finish_reason": finish_reason}]}
