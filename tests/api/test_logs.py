"""Lines of the log: the request's id before them, no secrets in them."""

import logging

import pytest

from api.logs import REQUEST_ID, SafeFormatter
from rag.outgoing.redaction import redact

KEY = "my very own key"


def format_line(error: Exception | None = None) -> str:
    raised = (type(error), error, None) if error else None
    record = logging.LogRecord("api", logging.ERROR, "f.py", 1, "it broke", (), raised)
    return SafeFormatter([KEY]).format(record)


def test_a_line_names_its_request() -> None:
    assert format_line() == "ERROR api: it broke"
    token = REQUEST_ID.set("req_1")
    assert format_line() == "req_1 ERROR api: it broke"
    REQUEST_ID.reset(token)


def test_a_traceback_holds_no_secret() -> None:
    line = format_line(ValueError(f"refused {KEY} and sk-proj-abcdefgh12345678"))
    assert "refused [redacted] and [redacted]" in line


@pytest.mark.parametrize(
    "secret",
    [
        "sk-abcdefgh12345678abcd",
        "sk-proj-ab_cd-efgh12345678",
        "sk-ant-api03-abcdefgh12345678",
        "AKIAIOSFODNN7EXAMPLE",
        "ghp_abcdefghijklmnopqrstuvwxyz0123456789",
        "github_pat_11ABCDEFG0abcdefghijkl",
        "xoxb-1234567890-abcdef",
    ],
)
def test_what_has_the_shape_of_a_key_is_taken_out(secret: str) -> None:
    assert redact(f"key '{secret}', refused") == "key '[redacted]', refused"


def test_a_bearer_token_is_taken_out_and_plain_words_stay() -> None:
    assert redact("Authorization: Bearer abc.def-123=") == "Authorization: Bearer [redacted]"
    plain = "the risk-management-process of desk-12345678901234, bearer of bad news"
    assert redact(plain, ["", "none"]) == plain
