"""What counts as JSON."""

import pytest

from api.json_bodies import MAX_DEPTH, parse_json


def test_json_is_read() -> None:
    assert parse_json('{"a": [1, 2.5, null, true, "é"]}'.encode()) == {
        "a": [1, 2.5, None, True, "é"]
    }


def test_nesting_up_to_the_limit_is_read() -> None:
    parse_json(b"[" * (MAX_DEPTH - 1) + b"1" + b"]" * (MAX_DEPTH - 1))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "Expecting value"),
        (b'{"a": NaN}', "NaN is no JSON number"),
        (b'{"a": -Infinity}', "-Infinity is no JSON number"),
        (b'{"a": 1e400}', "too large"),
        (b'{"a": ' + b"1" * 5000 + b"}", "5000 digits"),
        (b'{"a": 1, "a": 2}', "key twice"),
        (b'{"a": "\xff"}', "utf-8"),
        ('{"a": 1}'.encode("utf-16"), "utf-8"),
        (b"[" * MAX_DEPTH + b"1" + b"]" * MAX_DEPTH, "nested deeper"),
        (b"[" * 100_000 + b"]" * 100_000, "nested too deeply"),
    ],
)
def test_what_is_no_json_is_refused_with_the_reason(body: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        parse_json(body)
