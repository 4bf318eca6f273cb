"""When a request is sent again: by its fault, by what the server asks, within one budget."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime, formatdate

import httpx2
import openai
import pytest

from rag.adapters.retrying import RetryPolicy, is_passing, retry_after_s


def fault(status: int = 503, *, code: str | None = None, **headers: str) -> openai.APIStatusError:
    """An error as the client library raises it."""
    request = httpx2.Request("POST", "http://h/v1")
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    response = httpx2.Response(status, headers=sent, request=request)
    return openai.APIStatusError("no", response=response, body={"code": code})


def policy(attempts: int = 3, *, budget_s: float = 9.0, longest_wait_s: float = 9.0) -> RetryPolicy:
    """A policy whose own waits are next to nothing."""
    return RetryPolicy(lambda _: attempts, budget_s, longest_wait_s, first_wait_s=0.001)


class Server:
    """Fails with each of its faults in turn, then answers."""

    def __init__(self, *faults: Exception) -> None:
        self.faults = list(faults)
        self.asked = 0

    def ask(self) -> str:
        self.asked += 1
        if self.asked <= len(self.faults):
            raise self.faults[self.asked - 1]
        return "here"

    async def ask_and_wait(self) -> str:
        return self.ask()


@pytest.mark.parametrize(("header", "wait_s"), [("7", 7), ("0.5", 0.5), ("0", 0)])
def test_a_wait_is_given_in_seconds(header: str, wait_s: float) -> None:
    assert retry_after_s(fault(retry_after=header)) == wait_s


def test_a_wait_is_given_as_a_date() -> None:
    header = formatdate(time.time() + 60, usegmt=True)
    asked = retry_after_s(fault(retry_after=header))
    assert asked is not None
    assert 50 <= asked <= 60


@pytest.mark.parametrize(
    "header",
    ["", "soon", "-5", "nan", "inf", "1e999", "Wed, 21 Oct 2015 07:28:00 GMT", "Wed, 99 Oct 9"],
)
def test_a_wait_that_is_no_wait_is_none(header: str) -> None:
    assert retry_after_s(fault(retry_after=header)) is None


def test_an_error_without_a_response_asks_for_no_wait() -> None:
    assert retry_after_s(ConnectionError()) is None


@pytest.mark.parametrize(
    ("error", "passes"),
    [
        *((fault(status), True) for status in (408, 409, 429, 500, 503, 529)),
        *((fault(status), False) for status in (200, 400, 401, 404, 413, 422)),
        (fault(429, code="insufficient_quota"), False),
        (TimeoutError(), True),
    ],
)
def test_only_what_may_pass_is_passing(error: Exception, passes: bool) -> None:
    assert is_passing(error) is passes


def test_sync_or_async_a_request_is_sent_until_it_succeeds() -> None:
    server = Server(fault(), fault())
    assert policy().blocking()(server.ask) == "here"
    other = Server(fault(), fault())
    assert asyncio.run(policy().asynchronous()(other.ask_and_wait)) == "here"
    assert (server.asked, other.asked) == (3, 3)


@pytest.mark.parametrize(
    ("bounds", "faults", "asked"),
    [
        (policy(attempts=2), [fault(), fault(500)], 2),
        (policy(longest_wait_s=4), [fault(500, retry_after="5")], 1),
        (policy(budget_s=4), [fault(500, retry_after="5")], 1),
    ],
    ids=["attempts", "longest wait", "budget"],
)
def test_at_a_bound_the_last_fault_is_raised(
    bounds: RetryPolicy, faults: list[Exception], asked: int
) -> None:
    server = Server(*faults)
    with pytest.raises(openai.APIStatusError) as caught:
        bounds.blocking()(server.ask)
    assert caught.value is faults[-1]
    assert server.asked == asked


def test_a_date_is_waited_for() -> None:
    until = datetime.now(UTC) + timedelta(seconds=2)
    server = Server(fault(retry_after=format_datetime(until, usegmt=True)))
    policy().blocking()(server.ask)
    assert datetime.now(UTC) >= until.replace(microsecond=0)
