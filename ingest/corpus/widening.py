"""Who may read a document: narrowed at once, widened only where an operator has said so."""

import json
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.corpus.ledger import Ledger
from rag.domain import PUBLIC

HELD = " wanted:"
NARROWED = " narrowed"
"""A stamp that no source has: what was narrowed without being read is read when it can be."""


@dataclass(frozen=True, slots=True)
class Widening:
    """A document that would be, or is now, readable by more than before."""

    source: str
    uri: str
    before: tuple[str, ...]
    after: tuple[str, ...]

    @property
    def reason(self) -> str:
        """Why fewer read it than its labels name, for the list of sources."""
        return f"readable by {say_readers(self.before)}, not by {say_readers(self.after)}: --widen"

    def __str__(self) -> str:
        return f"{self.source}: {say_readers(self.before)} -> {say_readers(self.after)}"


def say_readers(access: Sequence[str]) -> str:
    """Who may read, in words."""
    return PUBLIC if PUBLIC in access else ", ".join(access) or "nobody"


def is_within(access: Sequence[str], other: Sequence[str]) -> bool:
    """Whether nobody reads by `access` who does not by `other`; what is public, all do."""
    return PUBLIC in other or (PUBLIC not in access and set(access) <= set(other))


def shared(access: Sequence[str], other: Sequence[str]) -> tuple[str, ...]:
    """Those who may read by both."""
    if PUBLIC in access:
        return tuple(other)
    return tuple(access) if PUBLIC in other else tuple(sorted({*access} & {*other}))


def stamp_held(stamp: str, wanted: Sequence[str]) -> str:
    """The stamp of a source that was recorded with fewer readers than its labels name."""
    return stamp + HELD + json.dumps(wanted)


def read_stamp(stamp: str) -> tuple[str, tuple[str, ...] | None]:
    """What a recorded stamp stands for, and whom the labels name, where those were not let in."""
    plain, _, wanted = stamp.partition(HELD)
    return plain, tuple(json.loads(wanted)) if wanted else None


class AccessGuard:
    """Decides who may read what a run records, and keeps what it held back or let through.

    A document is compared with its own last version, also one of a source that was removed, or,
    where it is new, with the same bytes at a place that is gone: a file that was moved.
    """

    def __init__(self, ledger: Ledger, *, may_widen: bool) -> None:
        self._ledger = ledger
        self.may_widen = may_widen
        self.held: list[Widening] = []
        self.widened: list[Widening] = []

    def admit(self, source: str, uri: str, sha256: str, wanted: tuple[str, ...]) -> tuple[str, ...]:
        """Who may read a version that is to be recorded."""
        before = self._before(uri, sha256)
        if before is None or is_within(wanted, before):
            return wanted
        widening = Widening(source, uri, before, wanted)
        if self.may_widen:
            self.widened.append(widening)
            return wanted
        self.held.append(widening)
        return shared(wanted, before)

    def still_holds(self, source: str, uri: str, wanted: tuple[str, ...]) -> str:
        """Note that a document which has not changed is held back as it was before; the reason."""
        widening = Widening(source, uri, self._ledger.readers(uri) or (), wanted)
        self.held.append(widening)
        return widening.reason

    def narrow(self, uri: str, wanted: Sequence[str]) -> bool:
        """Keep out of a version that stays whom its labels do not name now; whether any was."""
        before = self._ledger.readers(uri)
        if before is None or is_within(before, wanted):
            return False
        self._ledger.set_readers(uri, shared(before, wanted))
        self._ledger.history.record(uri)
        return True

    def _before(self, uri: str, sha256: str) -> tuple[str, ...] | None:
        if (now := self._ledger.readers(uri)) is not None:
            return now
        if last := self._ledger.history.last_of(uri):
            return last[0]
        return self._ledger.history.readers_of_moved(sha256)
