"""What a fault of a chat model means: our own words for it, and how often to ask again.

Nothing that the provider wrote is kept, since it may repeat a key or a prompt.
"""

import json
import re
from dataclasses import dataclass

import openai

from rag.adapters.retrying import is_out_of_quota, is_passing, retry_after_s
from rag.domain import FinishReason

ATTEMPTS = 3  # as OpenAI's own client: two more

FINISH_REASONS: dict[str, FinishReason] = {
    **dict.fromkeys(("stop", "end_turn", "stop_sequence", "complete", "eos", "eos_token"), "stop"),
    **dict.fromkeys(("length", "max_tokens", "model_length"), "length"),
    "model_context_window_exceeded": "length",
    **dict.fromkeys(
        ("content_filter", "content_filtered", "guardrail_intervened"), "content_filter"
    ),
    **dict.fromkeys(("refusal", "safety", "recitation", "blocklist", "spii"), "content_filter"),
    "prohibited_content": "content_filter",
}
"""What OpenAI, Anthropic, Bedrock, Cohere, Google, Mistral and Ollama call an end, in lower case.

Any other reason, such as `tool_calls` or `error`, is no end of an answer.
"""

STATUS_WORDS = {
    400: "refused the request: check RAG_CHAT_MODEL, and that RAG_CONTEXT_CHARACTERS fits it",
    401: "refused its key: check RAG_CHAT_API_KEY",
    402: "wants to be paid: check the account",
    403: "does not let this key use it: check RAG_CHAT_API_KEY and RAG_CHAT_MODEL",
    404: "is not known there: check RAG_CHAT_MODEL and RAG_CHAT_BASE_URL",
    413: "found the request too long: lower RAG_CONTEXT_CHARACTERS",
    429: "is asked too often: try again later",
}
OPTIONS = ("temperature", "max_completion_tokens", "max_tokens")
"""What a request does without where a model refuses it."""
REFUSES_OPTION = re.compile(
    r"unsupported|not support|unknown|unrecogni[sz]ed|unexpected|not (?:permitted|allowed)|extra"
    r"|deprecated|only the default",
    re.I,
)
QUOTA_WORDS = "has no quota left: raise it at the provider"
ERROR_WORDS: list[tuple[tuple[type[Exception], ...], str]] = [
    ((TimeoutError, openai.APITimeoutError), "did not reply in time"),
    ((openai.APIConnectionError,), "cannot be reached: check that it runs, and RAG_CHAT_BASE_URL"),
    ((json.JSONDecodeError, UnicodeDecodeError), "sent what is no JSON"),
    ((openai.APIError,), "reported an error of its own"),
]
"""First match wins, so the narrower classes stand first."""


@dataclass(frozen=True, slots=True)
class Fault:
    """Why there is no whole answer, as words behind "it", and after how many attempts to stop.

    `is_text_usable` is False where not even what arrived may be shown.
    """

    words: str
    attempts: int = ATTEMPTS
    wait_s: float | None = None
    is_text_usable: bool = True


class FaultyReply(Exception):
    """A reply that arrived and is no answer."""

    def __init__(
        self, words: str, *, attempts: int = ATTEMPTS, is_text_usable: bool = True
    ) -> None:
        super().__init__(words)
        self.fault = Fault(words, attempts, is_text_usable=is_text_usable)


def is_own_choice(error: BaseException) -> bool:
    """Whether the model replied and would not answer, which says nothing of its server."""
    return isinstance(error, FaultyReply) and error.fault.attempts == 1


def refused_option(error: BaseException) -> str:
    """The option that a model does not support by what it replied, if it is that."""
    text = str(error)
    if getattr(error, "status_code", None) not in (400, 422) or not REFUSES_OPTION.search(text):
        return ""
    param = getattr(error, "param", None)
    named = [name for name in OPTIONS if name in text]
    return param if param in OPTIONS else min(named, key=text.find, default="")


def find_fault(error: BaseException) -> Fault:
    """What an error of ours, of the client library or of any provider's means."""
    if isinstance(error, FaultyReply):
        return error.fault
    if is_out_of_quota(error):
        return Fault(QUOTA_WORDS, attempts=1)
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        words = STATUS_WORDS.get(status, "failed" if status >= 500 else "refused the request")
        head, colon, advice = words.partition(":")
        attempts = ATTEMPTS if is_passing(error) else 1
        return Fault(f"{head} (status {status}){colon}{advice}", attempts, retry_after_s(error))
    for classes, words in ERROR_WORDS:
        if isinstance(error, classes):
            return Fault(words)
    return Fault(f"failed ({type(error).__name__})")
