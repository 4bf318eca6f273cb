"""What became of each source in a run, and of the run as a whole."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ingest.corpus.ledger import State
from ingest.corpus.widening import Widening
from ingest.gate import GateDecision
from ingest.runs.shrinking import Shrunk
from rag.errors import StorageError

Change = Literal["", "new", "changed"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The one state that a source ended in; `reason` is why, where that needs saying.

    `characters` and `pages` are what was kept of it, `empty_pages` names pages without text.
    `change` says whether an indexed source is new in the corpus or changed.
    """

    source: str
    state: State
    reason: str = ""
    chunks: int = 0
    characters: int = 0
    pages: int = 0
    empty_pages: str = ""
    seconds: float = 0.0
    uri: str = ""
    change: Change = ""


@dataclass(frozen=True, slots=True)
class Reading:
    """What reading the sources came to: `hidden` files were passed over.

    `held` would be readable by more and were kept from it, `widened` were let. `taken_out` are the
    URIs of sources that somebody asked to remove.
    """

    outcomes: tuple[Outcome, ...] = ()
    held: tuple[Widening, ...] = ()
    widened: tuple[Widening, ...] = ()
    hidden: int = 0
    taken_out: frozenset[str] = frozenset()

    @property
    def changed(self) -> list[str]:
        """URIs of the sources that are new or changed."""
        return [outcome.uri for outcome in self.outcomes if outcome.change]


@dataclass(frozen=True, slots=True)
class Report:
    """A finished run: `release` is the live one, `published` whether this run made it so.

    `built` is a release that waits for `publish`; `held` says why nothing newer goes live. `search`
    says in words how the live release is searched, `embedder` what there is to know of the one that
    was chosen or kept. `shrunk` are the roots of which too much would be gone, so that nothing was
    published; `gate` is what the corpus' gate said of a new release.
    """

    corpus: str
    release: int | None
    published: bool
    embedded: int
    chunks: int
    seconds: float
    timings: Mapping[str, float] = field(default_factory=dict)
    built: int | None = None
    held: str = ""
    search: str = ""
    embedder: str = ""
    reading: Reading = field(default_factory=Reading)
    shrunk: tuple[Shrunk, ...] = ()
    gate: GateDecision | None = None

    @property
    def outcomes(self) -> tuple[Outcome, ...]:
        """What became of each source, in order."""
        return self.reading.outcomes

    @property
    def counts(self) -> Mapping[str, int]:
        """How many sources ended in each state that occurred."""
        return dict(sorted(Counter(outcome.state for outcome in self.outcomes).items()))

    @property
    def exit_code(self) -> int:
        """1 when a source failed or something was held back for an operator to decide, else 0."""
        is_refused = self.gate is not None and self.gate.is_refused
        is_undone = self.reading.held or self.shrunk or is_refused
        return 1 if "quarantined" in self.counts or is_undone else 0


class Unpublished(StorageError):
    """Sources were read and embedded, which is kept, but no release could be made of them."""

    def __init__(self, reason: str, report: Report) -> None:
        live = "nothing" if report.release is None else f"{report.corpus}@{report.release}"
        super().__init__(
            f"{reason}; what was read and embedded is kept in the ledger, {live} serves on"
        )
        self.report = report
