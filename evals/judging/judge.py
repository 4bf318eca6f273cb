"""The judge: a chat model behind any OpenAI-compatible endpoint whose every answer is checked.

One retry loop, one time budget per question, bounded concurrency, a cache keyed by all that can
change an answer, tokens counted. A question without a valid answer raises NotMeasured.
"""

import asyncio
import hashlib
import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

import openai
from openai.types.chat import ChatCompletion
from pydantic import BaseModel

from evals.judging.cache import JudgeCache
from evals.judging.replies import VALIDATED_AS, Json, read_answer, read_input
from rag.adapters.retrying import RetryPolicy, is_passing
from rag.errors import NotMeasured

Schema = TypeVar("Schema", bound=BaseModel)

DEFAULT_BASE_URL = "https://api.openai.com/v1"
PARAMETERS: Mapping[str, float] = {"temperature": 0.0}  # least chance in a verdict
LONGEST_WAIT_S = 30.0  # chosen: nobody waits at night, and the budget of a question is 120 s


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
    """What the judge was asked: requests sent, answers had without one, tokens of the requests."""

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
        self._open: dict[str, asyncio.Task[BaseModel]] = {}
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
        kept = self._read_kept(key, schema, asked)
        if kept is not None:
            self.counts.cached += 1
            return kept
        if key in self._open:
            self.counts.cached += 1
        else:
            self._open[key] = asyncio.create_task(self._ask_anew(key, prompt, schema, asked))
        try:
            answer = await self._open[key]
        finally:
            self._open.pop(key, None)
        assert isinstance(answer, schema)
        return answer

    def _read_kept(self, key: str, schema: type[Schema], asked: Json) -> Schema | None:
        """The answer in the cache, if it is one that would pass today."""
        kept = self._cache.get(key)
        try:
            return None if kept is None else read_answer(kept, schema, asked)
        except ValueError:
            return None

    async def _ask_anew(self, key: str, prompt: str, schema: type[Schema], asked: Json) -> Schema:
        """An answer of the judge, kept; whoever asks the same meanwhile waits for this one."""
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
        form = [schema.model_json_schema(), VALIDATED_AS]
        parts = [self.model, self._url, prompt, *form, dict(PARAMETERS), turn]
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    async def _answer(self, prompt: str, schema: type[Schema], asked: Json) -> Schema:
        limits = self._limits
        bounds = (limits.budget_s, LONGEST_WAIT_S, limits.first_wait_s)
        retrying = RetryPolicy(self._attempts_for, *bounds).asynchronous()
        try:
            async with asyncio.timeout(limits.budget_s):
                answer: Schema = await retrying(self._attempt, prompt, schema, asked)
        except ValueError as error:
            self._unanswered = 0
            self._invalid[schema.__name__] += 1
            raise NotMeasured(f"the judge's answer is not valid: {error}") from error
        except openai.OpenAIError as error:
            raise self._note_fault(f"{type(error).__name__}: {error}") from error
        except TimeoutError as error:
            raise self._note_fault(f"no answer within {limits.budget_s:g} s") from error
        self._unanswered = 0
        self._invalid[schema.__name__] = 0
        return answer

    async def _attempt(self, prompt: str, schema: type[Schema], asked: Json) -> Schema:
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

    def _attempts_for(self, error: BaseException) -> int:
        is_worth_it = isinstance(error, (openai.OpenAIError, ValueError)) and is_passing(error)
        return self._limits.attempts if is_worth_it else 1
