"""What a request may see of a corpus, and how it is searched where the request says so."""

from dataclasses import dataclass

from rag.domain import PUBLIC, Expansion, Mode
from rag.releases.filters import Condition


@dataclass(frozen=True, slots=True)
class Scope:
    """A request's reader, its filters, and its own choices; None leaves a choice to the service.

    Without `principals` nothing is found but what is public. `release` is the number of a retained
    release, the live one if None.
    """

    principals: frozenset[str] = frozenset()
    filters: tuple[Condition, ...] = ()
    release: int | None = None
    mode: Mode | None = None
    rerank: bool | None = None
    expansion: Expansion | None = None

    @property
    def readers(self) -> frozenset[str]:
        """The principals, and the one that everybody has."""
        return self.principals | {PUBLIC}
