"""What operators say of documents beside their text: metadata, tags and who may read them.

It comes from the command line, from `.meta.json` of a folder, and from `NAME.meta.json` beside a
file; the nearer to the file, the stronger. What a document says of itself is weaker than all of
these, and has no say in who may read it.
"""

import hashlib
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from typing import Any, TypeGuard

from rag.domain import PUBLIC, MetadataValue, metadata_from_json
from rag.errors import ExtractionFailed, UsageError

SIDE_CAR = ".meta.json"
SIDE_CAR_MARK = ";"
ACCESS_KEYS = ("acl", "access")
TAGS = "tags"
KEY = re.compile(r"[a-z][a-z0-9_]{0,63}")
MOST_VALUE_CHARACTERS = 1000  # chosen: a label, not a text
MOST_KEYS = 100  # chosen: as many as a person would write, ten times over
MOST_SIDE_CAR_BYTES = 64_000  # chosen: all keys at a usual length
INTEGER = re.compile(r"[+-]?(0|[1-9][0-9]{0,14})")
DECIMAL = re.compile(r"[+-]?(0|[1-9][0-9]{0,14})\.[0-9]{1,15}")
BREAKING = ("Cc", "Cf", "Cs", "Zl", "Zp")
"""Categories of characters that break lines, hide, or turn the direction of a text."""


@dataclass(frozen=True, slots=True)
class Labels:
    """Metadata of a document, and the principals that may read it."""

    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    access: tuple[str, ...] = (PUBLIC,)

    @property
    def stamp(self) -> str:
        """A short text that changes whenever these labels do; empty for none at all."""
        if self == Labels():
            return ""
        said = json.dumps([dict(self.metadata), self.access], sort_keys=True)
        return hashlib.sha256(said.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class RootLabels:
    """What is said of all that a root holds; None is a part of which nothing is said."""

    metadata: Mapping[str, MetadataValue] | None = None
    tags: tuple[str, ...] | None = None
    access: tuple[str, ...] | None = None

    def over(self, outer: "RootLabels") -> "RootLabels":
        """These, and where they say nothing, those of what lies around them."""
        return replace(outer, **self._said())

    def beside(self, other: "RootLabels") -> "RootLabels":
        """These without the parts of which `other` says something."""
        return replace(self, **dict.fromkeys(other._said()))

    def labels(self) -> Labels:
        """What they come to for a document."""
        tags: dict[str, MetadataValue] = {TAGS: self.tags} if self.tags else {}
        return Labels(dict(self.metadata or {}) | tags, self.access or (PUBLIC,))

    def to_json(self) -> str:
        """As the ledger keeps them."""
        return json.dumps(self._said())

    def _said(self) -> dict[str, Any]:  # each part is of another type
        """The parts of which something is said, by their names."""
        parts = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: part for name, part in parts.items() if part is not None}

    @classmethod
    def from_json(cls, text: str) -> "RootLabels":
        """What the ledger has kept."""
        parts = json.loads(text or "{}")
        tags, access = parts.get(TAGS), parts.get("access")
        return cls(
            metadata_from_json(json.dumps(parts["metadata"])) if "metadata" in parts else None,
            None if tags is None else tuple(tags),
            None if access is None else tuple(access),
        )


def parse_labels(metadata: Sequence[str], access: Sequence[str], tags: Sequence[str]) -> RootLabels:
    """Labels from `--meta key=value`, `--acl group,...` and `--tag`, an empty one taking all away.

    Raises UsageError.
    """
    raw: dict[str, object] = {}
    for pair in filter(None, metadata):
        key, equals, value = pair.partition("=")
        if not equals:
            raise UsageError(f"--meta {pair[:80]!r} is not KEY=VALUE")
        raw[key.strip()] = _guess_type(value.strip())
    named = list(filter(None, tags))
    readers = [name.strip() for names in access for name in names.split(",") if name.strip()]
    if access and not readers:
        raise UsageError("--acl names nobody: give groups, e.g. --acl hr,board")
    try:
        return RootLabels(
            _check(raw) if metadata else None,
            _check_tags(named) if tags else None,
            _check_readers(readers) if readers else None,
        )
    except ValueError as error:
        raise UsageError(str(error)) from error


def _guess_type(value: str) -> MetadataValue:
    if value in ("true", "false"):
        return value == "true"
    if INTEGER.fullmatch(value):
        return int(value)
    return float(value) if DECIMAL.fullmatch(value) else value


@dataclass(frozen=True, slots=True)
class SideCar:
    """A side-car wherever it is kept; `read` gives its bytes, at most so many of them.

    `mark` is another one whenever the side-car has changed. `read` raises ExtractionFailed.
    """

    name: str
    mark: str
    read: Callable[[int], bytes]


def unread(name: str, mark: str, problem: ExtractionFailed) -> SideCar:
    """A side-car that cannot be read, and opens nothing."""

    def refuse(most_bytes: int) -> bytes:
        raise problem

    return SideCar(name, mark, refuse)


def stamp_of(side_cars: Iterable[SideCar]) -> str:
    """A short text that changes whenever the side-cars of a document do."""
    return "".join(f"{SIDE_CAR_MARK}{side_car.mark}" for side_car in side_cars)


def side_cars_of(relative: str, known: Mapping[str, SideCar]) -> tuple[SideCar, ...]:
    """Those of the folders that a file lies in, the outermost first, then its own, by path."""
    folders = relative.split("/")[:-1]
    above = ("/".join((*folders[:depth], SIDE_CAR)) for depth in range(len(folders) + 1))
    places = (*above, relative + SIDE_CAR)
    return tuple(known[place] for place in places if place in known)


def read_labels(given: Labels, side_cars: Iterable[SideCar]) -> Labels:
    """`given`, with what the side-cars say laid over it in order. Raises ExtractionFailed."""
    metadata, access = dict(given.metadata), given.access
    for side_car in side_cars:
        raw = _read_side_car(side_car)
        try:
            for key in ACCESS_KEYS:
                if key in raw:
                    access = _check_readers(raw.pop(key))
            metadata |= _check(raw)
        except ValueError as error:
            raise ExtractionFailed(f"side-car {side_car.name}: {error}") from error
    return Labels(metadata, access)


def _read_side_car(side_car: SideCar) -> dict[str, object]:
    try:
        raw = json.loads(side_car.read(MOST_SIDE_CAR_BYTES))
    except ExtractionFailed as error:
        raise ExtractionFailed(f"side-car {side_car.name}: {error}") from error
    except (ValueError, RecursionError) as error:
        raise ExtractionFailed(f"side-car {side_car.name} is not JSON: {error}"[:200]) from error
    if not isinstance(raw, dict):
        raise ExtractionFailed(f"side-car {side_car.name} is not a JSON object")
    return raw


def _check_readers(raw: object) -> tuple[str, ...]:
    names = [raw] if isinstance(raw, str) else raw
    if not isinstance(names, list) or not all(_is_text(name) and name for name in names):
        raise ValueError("`acl` must be a list of group names")
    return tuple(sorted(set(names)))


def _check(raw: Mapping[str, object]) -> dict[str, MetadataValue]:
    if len(raw) > MOST_KEYS:
        raise ValueError(f"more than {MOST_KEYS} metadata keys")
    return {_check_key(key): _check_value(key, value) for key, value in raw.items()}


def _check_key(key: str) -> str:
    if not KEY.fullmatch(key) or key in ACCESS_KEYS:
        raise ValueError(
            f"metadata key {key[:80]!r} is not allowed: use a-z, 0-9 and '_', starting with a "
            "letter"
        )
    return key


def _check_tags(names: list[str]) -> tuple[str, ...]:
    _check_value(TAGS, names)
    return tuple(names)


def _check_value(key: str, value: object) -> MetadataValue:
    if isinstance(value, list) and len(value) <= MOST_KEYS and all(map(_is_text, value)):
        return tuple(value)
    if _is_text(value) or (isinstance(value, int | float) and abs(value) < 1e15):
        return value
    raise ValueError(
        f"metadata {key!r} must be a text of at most {MOST_VALUE_CHARACTERS} characters, a number, "
        "true or false, or a list of texts"
    )


def _is_text(value: object) -> TypeGuard[str]:
    return (
        isinstance(value, str)
        and len(value) <= MOST_VALUE_CHARACTERS
        and not any(unicodedata.category(mark) in BREAKING for mark in value)
    )


def merge_metadata(said: Mapping[str, MetadataValue], labels: Labels) -> dict[str, MetadataValue]:
    """What a document says of itself, and over it what operators say; it grants no access."""
    own = {key: value for key, value in said.items() if key not in ACCESS_KEYS}
    return own | dict(labels.metadata)
