"""The documents behind the answers: which are old and often cited, and what changed of them."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, timedelta

from evals.drift.findings import CorpusChange, OldSource
from rag.domain import DocumentRef
from rag.journal.exchange import Exchange
from rag.text.days import last_day

OLD_DAYS = 365  # chosen: most rules are looked at once a year
MOST_SOURCES = 10  # chosen: a screen


def find_old_sources(
    current: Sequence[Exchange], documents: Sequence[DocumentRef], today: date
) -> tuple[OldSource, ...]:
    """The most cited documents whose date is a year ago, or that another replaces."""
    named = {document.id: document for document in documents}
    cited = Counter(id_ for exchange in current for id_ in exchange.cited)
    found = []
    for id_, citations in cited.most_common():
        if (document := named.get(id_)) and _is_old(document, today):
            newer = named.get(document.superseded_by or "")
            source = newer.source if newer else ""
            found.append(OldSource(document.source, citations, document.date or "", source))
    return tuple(found[:MOST_SOURCES])


def _is_old(document: DocumentRef, today: date) -> bool:
    if document.superseded_by:
        return True
    oldest = (today - timedelta(days=OLD_DAYS)).isoformat()
    return bool(document.date) and last_day(document.date or "") < oldest


def asked_release(exchanges: Sequence[Exchange]) -> int | None:
    """The last release that was asked, None where the log does not say."""
    return max((each.release for each in exchanges if each.release is not None), default=None)


def compare_releases(
    before: int, after: int, documents: Mapping[int, Sequence[DocumentRef]]
) -> CorpusChange:
    """What differs between two releases, by the sources of their documents."""
    gone = [str(number) for number in (before, after) if number not in documents]
    if gone:
        return CorpusChange(before, after, note=f"release {' and '.join(gone)} is no longer kept")
    old = {each.source: each.version for each in documents[before]}
    new = {each.source: each.version for each in documents[after]}
    return CorpusChange(
        before,
        after,
        added=tuple(sorted(new.keys() - old.keys())),
        removed=tuple(sorted(old.keys() - new.keys())),
        changed=tuple(sorted(name for name in old.keys() & new.keys() if old[name] != new[name])),
    )
