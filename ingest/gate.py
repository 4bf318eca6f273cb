"""The gate before publishing: what asks it, and what it says of a release."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

AskingProgress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class BrokenQuestion:
    """A question that the candidate answers worse, and which change of the files is behind it."""

    id: str
    question: str
    critical: bool
    before: str
    after: str
    cause: str


@dataclass(frozen=True, slots=True)
class GateDecision:
    """What the gate says of `release`, held `against` the one that serves, if any does.

    `exit_code` is that of an evaluation: 0 where it may go live. `forced` is why it went live
    although it may not.
    """

    release: int
    against: int | None
    regression_set: str
    exit_code: int = 0
    reasons: tuple[str, ...] = ()
    broken: tuple[BrokenQuestion, ...] = ()
    forced: str = ""

    @property
    def is_refused(self) -> bool:
        """Whether the release has to wait."""
        return self.exit_code != 0 and not self.forced


class PublishGate(Protocol):
    """Evaluates a release before it goes live."""

    def check(self, regression_set: Path) -> None:
        """Raise UsageError for a set that nothing could be evaluated on."""
        ...

    def decide(
        self,
        corpus: str,
        release: int,
        *,
        against: int | None,
        regression_set: Path,
        progress: AskingProgress,
    ) -> GateDecision:
        """Ask both releases the set; what cannot be measured is a refusal with its reason."""
        ...


@dataclass(frozen=True, slots=True)
class Gating:
    """The gate, loaded only where it is asked, and how a command was asked to go about it.

    `regression_set` is what the corpus is to be gated by from now on: as before if None, by none if
    empty. `forced` is why a release that is refused is to go live.
    """

    load: Callable[[], PublishGate] | None = None
    regression_set: str | None = None
    forced: str = ""
