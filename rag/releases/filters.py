"""Filters on what is known of documents, as programs write them: JSON, typed, positive only.

A field maps to one value, or to conditions that must all hold:
`{"team": "hr", "year": {"gte": 2020, "lt": 2024}, "tags": {"any": ["a", "b"]},
"source": {"prefix": "people/"}}`. All fields must hold. Of a field with several values, one that
fits is enough. Dates are texts such as `2024-03-01`, in the order of which they come.
"""

import json
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from operator import ge, gt, le, lt
from typing import Any, Literal

from rag.domain import Document
from rag.errors import InvalidFilter

Scalar = str | int | float | bool
Operator = Literal["any", "gte", "gt", "lte", "lt", "prefix"]
Kind = Literal["text", "number", "boolean"]

BUILT_IN = ("document", "media_type", "source", "title")
"""Fields that every document has, beside its metadata."""
OPERATORS: tuple[Operator, ...] = ("any", "gte", "gt", "lte", "lt", "prefix")
COMPARE: dict[Operator, Callable[[Any, Any], bool]] = {
    "gte": ge,
    "gt": gt,
    "lte": le,
    "lt": lt,
}
MOST_CONDITIONS = 20
MOST_VALUES = 1000
MOST_CHARACTERS = 1000


@dataclass(frozen=True, slots=True)
class Condition:
    """One thing that must hold of `field`; only `any` has more than one value, all of one kind."""

    field: str
    operator: Operator
    values: tuple[Scalar, ...]

    @property
    def kind(self) -> Kind:
        """What is compared: a number is never equal to a text, nor true to 1."""
        return kind_of(self.values[0])

    def holds(self, labels: Mapping[str, tuple[Scalar, ...]]) -> bool:
        """True when one of the values of the field fits."""
        own = (v for v in labels.get(self.field, ()) if kind_of(v) == self.kind)
        if self.operator == "any":
            return any(value in self.values for value in own)
        if self.operator == "prefix":
            return any(str(value).startswith(str(self.values[0])) for value in own)
        return any(COMPARE[self.operator](value, self.values[0]) for value in own)


def labels_of(document: Document) -> dict[str, tuple[Scalar, ...]]:
    """What filters compare of a document, each field with its values."""
    labels: dict[str, tuple[Scalar, ...]] = {
        field: value if isinstance(value, tuple) else (value,)
        for field, value in document.metadata.items()
    }
    own = (document.id, document.media_type, document.source, document.title)
    return labels | {field: (value,) for field, value in zip(BUILT_IN, own, strict=True)}


def kind_of(value: Scalar) -> Kind:
    """What a value is compared as."""
    if isinstance(value, bool):
        return "boolean"
    return "text" if isinstance(value, str) else "number"


def parse_filters(raw: object) -> tuple[Condition, ...]:
    """The conditions of a JSON object; None and `{}` hold of everything. Raises InvalidFilter."""
    if raw is None:
        return ()
    if not isinstance(raw, Mapping):
        raise InvalidFilter('filters must be an object such as {"team": "hr"}')
    conditions = [
        condition for field, wanted in raw.items() for condition in _parse_field(field, wanted)
    ]
    if len(conditions) > MOST_CONDITIONS:
        raise InvalidFilter(f"at most {MOST_CONDITIONS} conditions are allowed in filters")
    return tuple(conditions)


def check_condition(condition: Condition, known: Mapping[str, Collection[str]]) -> None:
    """Raise InvalidFilter unless the documents have such a field with values of that kind."""
    kinds = known.get(condition.field)
    if kinds is None:
        raise InvalidFilter(
            f"no document has {condition.field[:80]!r}: filter by {', '.join(sorted(known))}"[:1000]
        )
    if condition.kind not in kinds:
        raise InvalidFilter(
            f"{condition.field[:80]!r} is a {' or '.join(sorted(kinds))} in these documents, "
            f"not a {condition.kind}"
        )


def parse_filter_options(pairs: Sequence[str]) -> tuple[Condition, ...]:
    """The conditions of `FIELD=VALUE` and `FIELD=JSON`, as a command line has them."""
    raw: dict[str, object] = {}
    for pair in pairs:
        field, equals, value = pair.partition("=")
        if not equals or field in raw:
            raise InvalidFilter(
                f"--filter {pair[:80]!r} must be FIELD=VALUE, each field once; more than one "
                'value is FIELD={"any": ["a", "b"]}'
            )
        raw[field] = _read_value(value)
    return parse_filters(raw)


def _read_value(value: str) -> object:
    try:
        return json.loads(value)
    except (ValueError, RecursionError):
        return value


def _parse_field(field: Any, wanted: Any) -> list[Condition]:  # JSON holds anything
    if not isinstance(field, str) or not field or len(field) > MOST_CHARACTERS:
        raise InvalidFilter("the fields of filters must be names")
    if not isinstance(wanted, Mapping):
        return [_condition(field, "any", [wanted])]
    if not wanted:
        raise InvalidFilter(f"filter on {field[:80]!r} is empty: give a value or a condition")
    return [_parse_operator(field, operator, value) for operator, value in wanted.items()]


def _parse_operator(field: str, operator: Any, value: Any) -> Condition:  # JSON holds anything
    if operator not in OPERATORS:
        raise InvalidFilter(
            f"filter on {field[:80]!r}: unknown condition {str(operator)[:80]!r}, "
            f"use one of {', '.join(OPERATORS)}"
        )
    if operator != "any":
        return _condition(field, operator, [value])
    if not isinstance(value, list) or not 0 < len(value) <= MOST_VALUES:
        raise InvalidFilter(
            f"filter on {field[:80]!r}: `any` must be a list of 1 to {MOST_VALUES} values"
        )
    return _condition(field, "any", value)


def _condition(field: str, operator: Operator, values: list[Any]) -> Condition:
    for value in values:
        if not _is_scalar(value):
            raise InvalidFilter(
                f"filter on {field[:80]!r}: a value must be a text of at most {MOST_CHARACTERS} "
                "characters, a finite number, true or false"
            )
    condition = Condition(field, operator, tuple(values))
    if len({kind_of(value) for value in values}) > 1:
        raise InvalidFilter(f"filter on {field[:80]!r}: the values must be of one kind")
    if condition.kind == "boolean" and operator != "any":
        raise InvalidFilter(f"filter on {field[:80]!r}: true and false have no order")
    if operator == "prefix" and condition.kind != "text":
        raise InvalidFilter(f"filter on {field[:80]!r}: `prefix` needs a text")
    return condition


def _is_scalar(value: Any) -> bool:  # JSON holds anything
    if isinstance(value, str):
        return len(value) <= MOST_CHARACTERS and _is_encodable(value)
    return isinstance(value, bool | int | float) and abs(value) < 2**53


def _is_encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return "\0" not in text
