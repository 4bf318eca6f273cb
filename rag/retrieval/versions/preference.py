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
from rag.releases.folder import OpenRelease
from rag.retrieval.query import Query
from rag.retrieval.versions.asked import AskedVersion, read_asked_version


@dataclass(frozen=True, slots=True)
class Preference:
    """Hits in the order of their versions; `instead` names by its id each document found whose
    place another version of it takes, with that one's id."""

    hits: tuple[Hit, ...]
    instead: Mapping[str, str] = field(default_factory=dict)


def prefer_versions(hits: Sequence[Hit], query: Query) -> Preference:
    """The hits with the version that the question means before the others."""
    documents, instead = query.release.documents, {}
    found = {hit.document.id for hit in hits}
    families = {id_: documents.family(id_) for id_ in sorted(found)}
    if all(len(family) == 1 for family in families.values()):
        return Preference(tuple(hits))
    today = documents.today()
    asked = read_asked_version(query.text, today)
    for id_, family in families.items():
        may = [each for each in family if _is_searched(each.id, query)]
        leading = choose_versions(may, asked, today) if len(may) > 1 else []
        if leading and id_ not in {each.id for each in leading}:
            own = next(each for each in family if each.id == id_)
            instead[id_] = nearest(own, leading).id  # type: ignore[union-attr]  # there is one
    if not instead:
        return Preference(tuple(hits))
    return Preference(tuple(_put_first(hits, instead, query)), instead)


def _is_searched(document_id: str, query: Query) -> bool:
    return query.subset is None or document_id in query.subset.documents


def choose_versions(
    family: Sequence[Edition], asked: AskedVersion, today: str
) -> Sequence[Edition]:
    """Those of the versions of a document that a question means; empty where none can be told."""
    if asked.wanted == "all":
        return family
    named = [each for each in family if asked.version and each.version == asked.version]
    if named:
        return named
    if asked.days and (then := latest(family, asked.days[0])):
        return then
    if asked.wanted == "draft" and (drafts := [e for e in family if e.status == "draft"]):
        return drafts
    current = latest(family, today)
    if asked.wanted == "former":
        return [each for one in current for each in before(one, family)] or current
    return current


def _put_first(hits: Sequence[Hit], instead: Mapping[str, str], query: Query) -> Iterator[Hit]:
    held = {hit.chunk.id: hit for hit in hits}
    given: set[str] = set()
    for hit in hits:
        leader = instead.get(hit.document.id)
        like = _find_like(hit, leader, query) if leader else None
        if like and like[0] not in given:
            given.add(like[0])
            yield _lead(like, hit, held.get(like[0]), query.release)
        if hit.chunk.id not in given:
            given.add(hit.chunk.id)
            yield hit


def _find_like(hit: Hit, document_id: str, query: Query) -> tuple[str, float]:
    """The chunk of a document nearest to both a hit and the question, and how like the hit."""
    documents, vectors = query.release.documents, query.release.vector_rows
    rows = documents.rows([hit.chunk.id, *documents.chunk_ids(document_id)])
    own = vectors.read(np.array([rows.pop(hit.chunk.id)], dtype=np.int64))[0]
    wanted = own if query.vector is None else own + query.vector
    [(id_, _)] = vectors.nearest(wanted, np.array(sorted(rows.values()), dtype=np.int64), 1)
    likeness = float(vectors.read(np.array([rows[id_]], dtype=np.int64))[0] @ own)
    return id_, likeness


def _lead(like: tuple[str, float], follower: Hit, held: Hit | None, release: OpenRelease) -> Hit:
    """The hit that takes the place of the follower, with its score."""
    id_, cosine = like
    if held is None:
        chunk, document = release.documents.chunks([id_])[id_]
        return Hit(chunk, document, follower.score, {"version": cosine})
    score = max(held.score, follower.score)
    return replace(held, score=score, scores={**held.scores, "version": cosine})
