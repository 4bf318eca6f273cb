"""The judge: a chat model behind any OpenAI-compatible endpoint whose every answer is checked.

One retry loop, one time budget per question, bounded concurrency, a cache keyed by all that can
change an answer, tokens counted. A question without a valid answer raises NotMeasured.
"""

import asyncio
import hashlib
import json
import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletion
from pydantic import BaseModel
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt

from evals.judging.cache import JudgeCache
from evals.judging.replies import read_answer, read_input
from rag.errors import NotMeasured

Schema = TypeVar("Schema", bound=BaseModel)

DEFAULT_BASE_URL = "https://api.openai.com/v1"
PARAMETERS: Mapping[str, float] = {"temperature": 0.0}
LONGEST_WAIT_S = 30.0
RETRIED_STATUS = {408, 409, 429, 500, 502, 503, 504}


@dataclass(frozen=True, slots=True)
class JudgeLimits:
    """Bounds of the work: `budget_s` holds for one question over all its attempts.

    After `down_after` questions in a row got no answer at all, the judge is taken to be down; after
    `useless_after` of one form in a row without a valid answer it is asked no more of that form.
    """

    concurrency: int = 8
    attempts: int = 3
    budget_s: float = 120.0
    first_wait_s: float = 0.5
    down_after: int = 3
    useless_after: int = 10


@dataclass(slots=True)
class JudgeCounts:
    """What the judge was asked: requests sent, answers from the cache, tokens of the requests."""

    calls: int = 0
    cached: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0


class Judge:
    """Asks one model and hands on only answers that passed every check."""

    def __init__(
        self,
        model: str,
        *,
        base_url: str,
        api_key: str,
        cache: JudgeCache,
        limits: JudgeLimits | None = None,
    ) -> None:
        self.model = model
        self._url = base_url or DEFAULT_BASE_URL
        self._limits = limits or JudgeLimits()
        self._client = openai.AsyncOpenAI(
            base_url=self._url,
            api_key=api_key or "none",
            max_retries=0,
            timeout=self._limits.budget_s,
        )
        self._cache = cache
        self._slots = asyncio.Semaphore(self._limits.concurrency)
        self._unanswered = 0
        self._last_fault = ""
        self._invalid: Counter[str] = Counter()
        self.counts = JudgeCounts()

    @property
    def base_url(self) -> str:
        """Where the judge is, without credentials."""
        parts = urlsplit(self._url)
        return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="").geturl()

    async def ask(self, prompt: str, schema: type[Schema], *, turn: str) -> Schema:
        """A checked answer; `turn` tells repeats of the same question apart.

        Raises NotMeasured with the reason when there is none.
        """
        asked = read_input(prompt)
        key = self._key(prompt, schema, turn)
        kept = self._cache.get(key)
        if kept is not None:
            self.counts.cached += 1
            return schema.model_validate_json(kept)
        async with self._slots:
            if self._unanswered >= self._limits.down_after:
                raise NotMeasured(f"the judge is down: {self._last_fault}")
            if self._invalid[schema.__name__] >= self._limits.useless_after:
                raise NotMeasured(
                    f"the judge gave no valid {schema.__name__} to {self._limits.useless_after} "
                    "questions in a row"
                )
            answer = await self._answer(prompt, schema, asked)
        self._cache.put(key, answer.model_dump_json())
        return answer

    async def close(self) -> None:
        """Close connections and cache."""
        await self._client.close()
        self._cache.close()

    def _key(self, prompt: str, schema: type[BaseModel], turn: str) -> str:
        parts = [self.model, self._url, prompt, schema.model_json_schema(), dict(PARAMETERS), turn]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    async def _answer(self, prompt: str, schema: type[Schema], asked: dict[str, object]) -> Schema:
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._limits.attempts),
            retry=retry_if_exception(self._may_retry),
            wait=self._wait_s,
            reraise=True,
        )
        budget = asyncio.timeout(self._limits.budget_s)
        try:
            async with budget:
                answer: Schema = await retrying(self._attempt, prompt, schema, asked)
        except ValueError as error:
            self._unanswered = 0
            self._invalid[schema.__name__] += 1
            raise NotMeasured(f"the judge's answer is not valid: {error}") from error
        except openai.OpenAIError as error:
            raise self._note_fault(f"{type(error).__name__}: {error}") from error
        except TimeoutError as error:
            raise self._note_fault(f"no answer within {self._limits.budget_s:g} s") from error
        self._unanswered = 0
        self._invalid[schema.__name__] = 0
        return answer

    async def _attempt(self, prompt: str, schema: type[Schema], asked: dict[str, object]) -> Schema:
        self.counts.calls += 1
        completion = await self._client.chat.completions.create(
            model=self.model,
            messages=[{"role": "user", "content": prompt}],
            response_format={"type": "json_object"},
            temperature=PARAMETERS["temperature"],
        )
        return read_answer(self._text_of(completion), schema, asked)

    def _text_of(self, completion: ChatCompletion) -> str:
        if not isinstance(completion, ChatCompletion) or not completion.choices:
            raise ValueError("the judge's server did not send a chat completion")
        if completion.usage:
            self.counts.prompt_tokens += completion.usage.prompt_tokens
            self.counts.completion_tokens += completion.usage.completion_tokens
        choice = completion.choices[0]
        if choice.finish_reason != "stop":
            raise ValueError(f"the answer ended with finish_reason {choice.finish_reason!r}")
        return choice.message.content or ""

    def _note_fault(self, fault: str) -> NotMeasured:
        self._unanswered += 1
        self._last_fault = " ".join(fault.split())[:300]
        return NotMeasured(f"the judge did not answer: {self._last_fault}")

    def _may_retry(self, error: BaseException) -> bool:
        if isinstance(error, openai.APIStatusError):
            if error.code == "insufficient_quota":
                return False
            waits_too_long = _retry_after_s(error) > LONGEST_WAIT_S
            return error.status_code in RETRIED_STATUS and not waits_too_long
        return isinstance(error, (openai.APIConnectionError, ValueError))

    def _wait_s(self, state: RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        if isinstance(error, ValueError):
            return 0.0
        backoff = self._limits.first_wait_s * 2.0 ** (state.attempt_number - 1)
        return max(random.uniform(0.5, 1.0) * backoff, _retry_after_s(error))


def _retry_after_s(error: BaseException | None) -> float:
    if not isinstance(error, openai.APIStatusError):
        return 0.0
    try:
        return float(error.response.headers.get("retry-after", 0))
    except ValueError:
        return 1.0
