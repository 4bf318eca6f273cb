"""When a request to a model's server is sent again: one policy for chat, embeddings and judge."""

import math
import random
import time
from collections.abc import Callable
from dataclasses import dataclass
from email.utils import parsedate_to_datetime

from tenacity import AsyncRetrying, RetryCallState, Retrying

RETRIED_STATUS = {408, 409, 429}  # and all from 500 on: what OpenAI's own client sends again
QUOTA = "insufficient_quota"  # OpenAI's code, sent with status 429; asking again never helps


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """Bounds of all attempts together; `attempts_for` says how many a fault is worth.

    The waits double from `first_wait_s`, and are never shorter than what the server asks for. Where
    the next would be too long, or end after the budget, the last fault is raised instead.
    """

    attempts_for: Callable[[BaseException], int]
    budget_s: float
    longest_wait_s: float
    first_wait_s: float

    def blocking(self) -> Retrying:
        """Call it with a function and its arguments."""
        return Retrying(wait=self._wait_s, stop=self._has_ended, reraise=True)

    def asynchronous(self) -> AsyncRetrying:
        """Call it with a coroutine function and its arguments, and await that."""
        return AsyncRetrying(wait=self._wait_s, stop=self._has_ended, reraise=True)

    def _wait_s(self, state: RetryCallState) -> float:
        backoff = self.first_wait_s * 2.0 ** (state.attempt_number - 1)
        return max(random.uniform(0.5, 1.0) * backoff, retry_after_s(_error_of(state)) or 0.0)

    def _has_ended(self, state: RetryCallState) -> bool:
        spent_s = time.monotonic() - state.start_time
        longest_s = min(self.longest_wait_s, self.budget_s - spent_s)
        is_last = state.attempt_number >= self.attempts_for(_error_of(state))
        return is_last or state.upcoming_sleep > longest_s


def is_passing(error: BaseException) -> bool:
    """Whether the same request may succeed later, by its status; without one it may."""
    status = getattr(error, "status_code", 500)
    return (status in RETRIED_STATUS or status >= 500) and not is_out_of_quota(error)


def is_out_of_quota(error: BaseException) -> bool:
    """Whether the account has nothing left, which looks like being asked too often."""
    return QUOTA in (getattr(error, "code", None), getattr(error, "type", None))


def retry_after_s(error: BaseException) -> float | None:
    """What `Retry-After` asks for, in seconds or as a date; None for no, a past or a wrong one."""
    header = getattr(getattr(error, "response", None), "headers", {}).get("retry-after", "")
    try:
        wait_s = float(header)
    except ValueError:
        try:
            wait_s = parsedate_to_datetime(header).timestamp() - time.time()
        except (ValueError, OverflowError):
            return None
    return wait_s if math.isfinite(wait_s) and wait_s >= 0 else None


def _error_of(state: RetryCallState) -> BaseException:
    error = state.outcome and state.outcome.exception()
    assert error  # only what failed is tried again
    return error
