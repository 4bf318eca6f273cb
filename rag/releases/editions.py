"""Which documents are versions of one another, and which of them holds on a day.

All of it is read off what documents say of themselves. Documents of one number are versions of one
another, so are those of one series, unless their numbers differ, and those that name each other as
what they replace. Languages part them. A draft, a version that was withdrawn, and one whose day
has not come hold for nobody.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from rag.releases.filters import Scalar
from rag.text.days import first_day, last_day

FIELDS = ("number", "version", "date", "valid_from", "valid_to", "series", "status", "language")
REFERENCES = ("replaces", "replaced_by")
MOST_VERSIONS = 200  # chosen: a version a month for some sixteen years
NUMBERS = re.compile(r"\d+")
Label = tuple[str, str]
"""A field of a document with one of its values."""
Find = Callable[[Collection[Label]], Iterable["Edition"]]
"""Gives the documents that have any of these labels."""


@dataclass(frozen=True, slots=True)
class Edition:
    """What a document says of itself as a version; empty where it does not."""

    id: str
    source: str = ""
    title: str = ""
    number: str = ""
    version: str = ""
    date: str = ""
    valid_from: str = ""
    valid_to: str = ""
    series: str = ""
    status: str = ""
    language: str = ""
    replaces: tuple[str, ...] = ()
    replaced_by: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """What versions of it may call it."""
        file = self.source.rpartition("/")[2]
        version = f"version {self.version}" if self.version else ""
        own = (self.number, self.series, self.source, file, self.title, self.valid_from, version)
        return frozenset(filter(None, own))

    @property
    def labels(self) -> set[Label]:
        """Those by which its versions are found."""
        known = {("number", self.number), ("series", self.series)}
        folder = self.source.rpartition("/")[0]
        for name in (*self.replaces, *self.replaced_by):
            known |= {(field, name) for field in ("number", "series", "source", "title")}
            known.add(("source", f"{folder}/{name}"))
        file = self.source.rpartition("/")[2]
        for field in REFERENCES:
            own = (self.number, self.series, self.source, self.title, file)
            known |= {(field, name) for name in own}
        return {label for label in known if label[1]}

    def holds_on(self, day: str) -> bool:
        """Whether it is in force on that day, as far as it says."""
        has_begun = not self.valid_from or first_day(self.valid_from) <= day
        has_ended = bool(self.valid_to) and last_day(self.valid_to) < day
        return has_begun and not has_ended and self.status not in ("draft", "withdrawn")


def today() -> str:
    """The day on which it is asked what is in force."""
    return date.today().isoformat()


def read_edition(id_: str, labels: Mapping[str, Sequence[Scalar]]) -> Edition:
    """What the labels of a document, title and source among them, tell of it as a version."""
    said = {
        field: str(labels[field][0]).strip()
        for field in ("source", "title", *FIELDS)
        if labels.get(field)
    }
    names = {field: tuple(map(str, labels.get(field, ()))) for field in REFERENCES}
    return Edition(id_, **said, **names)  # type: ignore[arg-type]  # names are the fields'


def find_family(edition: Edition, find: Find) -> tuple[Edition, ...]:
    """All versions of a document, itself among them, in the order of their ids."""
    family = {edition.id: edition}
    frontier = [edition]
    while frontier and len(family) < MOST_VERSIONS:
        labels = {label for each in frontier for label in each.labels}
        near = [each for each in find(labels) if each.id not in family] if labels else []
        frontier = [each for each in near if any(are_versions(each, one) for one in frontier)]
        family |= {each.id: each for each in frontier}
    return tuple(family[id_] for id_ in sorted(family))


def are_versions(one: Edition, other: Edition) -> bool:
    """Whether two documents say that they are versions of one thing."""
    if one.language and other.language and one.language[:2] != other.language[:2]:
        return False
    if _names(one, other) or _names(other, one):
        return True
    if one.number and other.number:
        return one.number == other.number
    return bool(one.series) and one.series == other.series


def _names(one: Edition, other: Edition) -> bool:
    """Whether one says of the other by its own name that either replaces the other."""
    own = other.names - {other.valid_from, f"version {other.version}"}
    folder = one.source.rpartition("/")[0]
    named = {*one.replaces, *one.replaced_by}
    return bool(own & (named | {f"{folder}/{name}" for name in named}))


def is_later(one: Edition, other: Edition, *, by_name: bool = True) -> bool:
    """Whether the first of two versions comes after the other, as far as they say.

    What says by name that it replaces the other does; where both say so, or without `by_name`,
    the days decide.
    """
    if by_name:
        replaces = bool({*one.replaces} & other.names or {*other.replaced_by} & one.names)
        is_replaced = bool({*other.replaces} & one.names or {*one.replaced_by} & other.names)
        if replaces != is_replaced:
            return replaces
    for mine, its in zip(_order(one), _order(other), strict=True):
        if mine and its and mine != its:
            return mine > its
    return False


def _order(edition: Edition) -> tuple[tuple[int, ...], ...]:
    """What versions are ordered by: when they begin, else their numbers, else their days."""
    said = (first_day(edition.valid_from), edition.version, first_day(edition.date))
    return tuple(tuple(map(int, NUMBERS.findall(each))) for each in said)


def latest(family: Sequence[Edition], day: str) -> list[Edition]:
    """The versions in force on that day that none in force comes after: copies, translations."""
    holding = [each for each in family if each.holds_on(day)]
    return _last(holding, by_name=True) or _last(holding, by_name=False)


def _last(family: Sequence[Edition], *, by_name: bool) -> list[Edition]:
    return [
        each
        for each in family
        if not any(is_later(other, each, by_name=by_name) for other in family)
    ]


def successor(edition: Edition, family: Sequence[Edition], day: str) -> Edition | None:
    """What is in force on that day and replaces a version; of copies one in its folder."""
    if edition.status == "draft":
        return None
    later = [each for each in latest(family, day) if is_later(each, edition)]
    return nearest(edition, later)


def superseded_by(id_: str, family: Sequence[Edition], day: str) -> str | None:
    """The document that is in force in place of that one of a family."""
    found = next((successor(each, family, day) for each in family if each.id == id_), None)
    return found.id if found else None


def nearest(edition: Edition, others: Iterable[Edition]) -> Edition | None:
    """Of several versions one in the same folder, if there is one."""
    folder = edition.source.rpartition("/")[0]
    ranked = sorted(others, key=lambda each: (each.source.rpartition("/")[0] != folder, each.id))
    return next(iter(ranked), None)


def before(edition: Edition, family: Sequence[Edition]) -> list[Edition]:
    """The versions directly before another one, drafts aside."""
    earlier = [each for each in family if each.status != "draft" and is_later(edition, each)]
    return _last(earlier, by_name=True)
