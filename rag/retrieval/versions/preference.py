"""Versions of one document among the hits: the one that was asked for comes first.

That is the version in force, unless the question means another one. What it says of a matter is put
directly before what other versions say of it, found beside them if the search itself did not find
it; nothing that was found is lost.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from rag.domain import Hit
from rag.releases.editions import Edition, before, latest, nearest
from rag.retrieval.query import Query
from rag.retrieval.versions.asked import AskedVersion, read_asked_version


@dataclass(frozen=True, slots=True)
class Preference:
    """Hits in the order of their versions; `instead` names by its id each document found whose
    place another version of it takes, with that one's id."""

    hits: tuple[Hit, ...]
    instead: Mapping[str, str] = field(default_factory=dict)


def prefer_versions(hits: Sequence[Hit], query: Query) -> Preference:
    """The hits with the version that the question means before the others.

    Where it compares versions, each hit has the other version's passage behind it.
    """
    documents = query.release.documents
    families = {id_: documents.family(id_) for id_ in sorted({hit.document.id for hit in hits})}
    if all(len(family) == 1 for family in families.values()):
        return Preference(tuple(hits))
    today = documents.today()
    asked = read_asked_version(query.text, today)
    instead: dict[str, str] = {}
    beside: dict[str, str] = {}
    for id_, family in families.items():
        own = next(each for each in family if each.id == id_)
        meant = choose_versions([e for e in family if _is_searched(e.id, query)], asked, today)
        other = nearest(own, [each for each in meant if each.id != id_])
        if other and own not in meant:
            instead[id_] = other.id
        elif other and asked.wanted == "all":
            beside[id_] = other.id
    if not instead and not beside:
        return Preference(tuple(hits))
    return Preference(tuple(_put_in_order(hits, instead, beside, query)), instead)


def _is_searched(document_id: str, query: Query) -> bool:
    return query.subset is None or document_id in query.subset.documents


def choose_versions(
    family: Sequence[Edition], asked: AskedVersion, today: str
) -> Sequence[Edition]:
    """Those of the versions of a document that a question means; empty where none can be told."""
    current = latest(family, today)
    former = [each for one in current for each in before(one, family)]
    if asked.wanted == "all":
        then = [each for day in asked.days for each in latest(family, day)]
        return [*current, *(then or former)]
    for meant in (
        [each for each in family if asked.version and each.is_version(asked.version)],
        latest(family, asked.days[0]) if asked.days else [],
        [each for each in family if each.status == "draft"] if asked.wanted == "draft" else [],
        former if asked.wanted == "former" else [],
    ):
        if meant:
            return meant
    return current


def _put_in_order(
    hits: Sequence[Hit], instead: Mapping[str, str], beside: Mapping[str, str], query: Query
) -> Iterator[Hit]:
    held = {hit.chunk.id: hit for hit in hits}
    given: set[str] = set()
    for hit in hits:
        group = [hit]
        if leader := instead.get(hit.document.id):
            group.insert(0, _find_like(hit, leader, held, query))
        if other := beside.get(hit.document.id):
            group.append(_find_like(hit, other, held, query))
        for each in group:
            if each.chunk.id not in given:
                given.add(each.chunk.id)
                yield each


def _find_like(hit: Hit, document_id: str, held: Mapping[str, Hit], query: Query) -> Hit:
    """The chunk of a document nearest to both a hit and the question, with the hit's score."""
    documents, vectors = query.release.documents, query.release.vector_rows
    rows = documents.rows([hit.chunk.id, *documents.chunk_ids(document_id)])
    own = vectors.read(np.array([rows.pop(hit.chunk.id)], dtype=np.int64))[0]
    wanted = own if query.vector is None else own + query.vector
    [(id_, _)] = vectors.nearest(wanted, np.array(sorted(rows.values()), dtype=np.int64), 1)
    likeness = {"version": float(vectors.read(np.array([rows[id_]], dtype=np.int64))[0] @ own)}
    if id_ in held:
        like = held[id_]
        score = max(like.score, hit.score)
        return replace(like, score=score, scores={**like.scores, **likeness})
    chunk, document = documents.chunks([id_])[id_]
    return Hit(chunk, document, hit.score, likeness)
