"""Which documents are versions of one another, and which of them holds on a day.

All of it is read off what documents say of themselves. Documents of one number are versions of one
another, so are those of one series, unless their numbers differ, and those that name each other as
what they replace. Languages part them. A draft, a version that was withdrawn, and one whose day
has not come hold for nobody.
"""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from itertools import zip_longest

from rag.domain import DAYS, iso_day
from rag.releases.filters import Scalar
from rag.text.days import first_day, last_day

FIELDS = ("number", "version", "date", "valid_from", "valid_to", "series", "status", "language")
REFERENCES = ("replaces", "replaced_by")
MOST_STEPS = 8  # chosen: renamed that often without one name in common
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
    order: tuple[tuple[int, ...], ...] = field(init=False, compare=False)

    def __post_init__(self) -> None:
        """Keep what versions are ordered by: when they begin, else their numbers, else their days.

        It is compared many times.
        """
        said = (first_day(self.valid_from), self.version, first_day(self.date))
        order = tuple(tuple(map(int, NUMBERS.findall(each))) for each in said)
        object.__setattr__(self, "order", order)

    @property
    def names(self) -> frozenset[str]:
        """What versions of it may call it."""
        file = self.source.rpartition("/")[2]
        version = f"version {self.version}" if self.version else ""
        own = (self.number, self.series, self.source, file, self.title, self.valid_from, version)
        return frozenset(filter(None, own))

    @property
    def own_labels(self) -> set[Label]:
        """Those by which it can be found."""
        named = ("number", "series", "source", "title")
        own = {(field, getattr(self, field)) for field in named if getattr(self, field)}
        return own | {(field, name) for field in REFERENCES for name in getattr(self, field)}

    @property
    def kin_labels(self) -> set[Label]:
        """Those by which its versions are found."""
        folder, _, file = self.source.rpartition("/")
        kin = {("number", self.number), ("series", self.series)}
        for name in (*self.replaces, *self.replaced_by):
            kin |= {(field, name) for field in ("number", "series", "source", "title")}
            kin.add(("source", f"{folder}/{name}"))
        names = (self.number, self.series, self.source, self.title, file)
        kin |= {(field, name) for field in REFERENCES for name in names}
        return {label for label in kin if label[1]}

    @property
    def refers(self) -> bool:
        """Whether it names another as what it replaces, or what replaces it."""
        return bool(self.replaces or self.replaced_by)

    def is_version(self, number: str) -> bool:
        """Whether it has that version, of which 2 and 2.0 are one."""
        pairs = zip_longest(self.order[1], map(int, NUMBERS.findall(number)), fillvalue=0)
        return bool(self.version) and all(own == asked for own, asked in pairs)

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
    said |= {day: iso_day(said[day]) for day in DAYS if day in said}
    names = {field: tuple(map(str, labels.get(field, ()))) for field in REFERENCES}
    return Edition(id_, **said, **names)  # type: ignore[arg-type]  # names are the fields'


def find_families(wanted: Collection[Edition], find: Find) -> dict[str, tuple[Edition, ...]]:
    """All versions of each document, itself among them, in the order of their ids."""
    known = {each.id: each for each in wanted}
    near = list(known.values())
    for _ in range(MOST_STEPS):
        labels = {label for each in near for label in each.kin_labels}
        near = [each for each in find(labels) if each.id not in known] if labels else []
        known |= {each.id: each for each in near}
    labelled: dict[Label, list[Edition]] = {}
    for each in known.values():
        for label in each.own_labels:
            labelled.setdefault(label, []).append(each)
    return {each.id: _walk(each, labelled) for each in wanted}


def _walk(edition: Edition, labelled: Mapping[Label, list[Edition]]) -> tuple[Edition, ...]:
    """The versions that can be reached from one, each named by the one before."""
    family, ahead = {edition.id: edition}, [edition]
    while ahead and len(family) < MOST_VERSIONS:
        one = ahead.pop()
        for label in one.kin_labels:
            for each in labelled.get(label, ()):
                if each.id not in family and are_versions(one, each):
                    family[each.id] = each
                    ahead.append(each)
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
    if not one.refers:
        return False
    own = other.names - {other.valid_from, f"version {other.version}"}
    folder = one.source.rpartition("/")[0]
    named = {*one.replaces, *one.replaced_by}
    return bool(own & (named | {f"{folder}/{name}" for name in named}))


def is_later(one: Edition, other: Edition, *, by_name: bool = True) -> bool:
    """Whether the first of two versions comes after the other, as far as they say.

    What says by name that it replaces the other does; where both say so, or without `by_name`,
    the days decide.
    """
    if by_name and (one.refers or other.refers):
        replaces = bool({*one.replaces} & other.names or {*other.replaced_by} & one.names)
        is_replaced = bool({*other.replaces} & one.names or {*one.replaced_by} & other.names)
        if replaces != is_replaced:
            return replaces
    for mine, its in zip(one.order, other.order, strict=True):
        if mine and its and mine != its:
            return mine > its
    return False


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
    if len(family) == 1:
        return None
    found = next((successor(each, family, day) for each in family if each.id == id_), None)
    return found.id if found else None


def nearest(edition: Edition, others: Iterable[Edition]) -> Edition | None:
    """The first of several versions that lies in the same folder, else the first."""
    folder = edition.source.rpartition("/")[0]
    ranked = sorted(others, key=lambda each: each.source.rpartition("/")[0] != folder)
    return next(iter(ranked), None)


def before(edition: Edition, family: Sequence[Edition]) -> list[Edition]:
    """The versions directly before another one, drafts aside."""
    earlier = [each for each in family if each.status != "draft" and is_later(edition, each)]
    return _last(earlier, by_name=True)
