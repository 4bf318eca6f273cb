"""Packing: ranked hits become passages to read, merged where they touch, within a budget."""

from collections.abc import Sequence

from rag.domain import Hit, Passage, Span
from rag.ports import DocumentStore

HITS_TO_PACK = 30  # chosen: more than fit the usual budget of 6,000 characters


def pack(
    hits: Sequence[Hit], store: DocumentStore, *, budget_characters: int
) -> tuple[Passage, ...]:
    """Passages in the order of their best hit, no character twice, at most the budget in all.

    Hits that overlap or have only white space between them become one passage. A hit that no longer
    fits ends the packing, except that the first one is always kept.
    """
    chosen: list[Hit] = []
    used = 0
    for hit in hits:
        used += len(hit.chunk.text)
        if chosen and used > budget_characters:
            break
        chosen.append(hit)
    places = {hit.chunk.id: place for place, hit in enumerate(chosen)}
    groups = [
        sorted(group, key=lambda hit: places[hit.chunk.id])
        for group in _group_touching(chosen, store)
    ]
    groups.sort(key=lambda group: places[group[0].chunk.id])
    return tuple(_merge(group, store) for group in groups)


def _group_touching(hits: Sequence[Hit], store: DocumentStore) -> list[list[Hit]]:
    groups: list[list[Hit]] = []
    for hit in sorted(hits, key=lambda hit: (hit.document.id, hit.chunk.span.start)):
        last = groups[-1][-1] if groups else None
        if last and last.document.id == hit.document.id and _touch(last, hit, store):
            groups[-1].append(hit)
        else:
            groups.append([hit])
    return groups


def _touch(before: Hit, after: Hit, store: DocumentStore) -> bool:
    gap = store.document(before.document.id).text[before.chunk.span.end : after.chunk.span.start]
    return not gap.strip()


def _merge(group: list[Hit], store: DocumentStore) -> Passage:
    """One passage of hits that touch, the best first."""
    best, first = group[0], min(group, key=lambda hit: hit.chunk.span.start)
    span = Span(first.chunk.span.start, max(hit.chunk.span.end for hit in group))
    document = store.document(best.document.id)
    return Passage(
        document=best.document,
        span=span,
        text=document.text[span.start : span.end],
        page=first.chunk.page,
        heading=best.chunk.heading,
        score=best.score,
    )
