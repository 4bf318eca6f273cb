"""Versions of one another among the documents of a release that some readers may see.

Labels name what documents say of themselves, so a family is found by them, one step at a time.
What others may not be read says nothing here.
"""

import json
from collections.abc import Callable, Collection
from functools import lru_cache

from rag.adapters.stores.readable import Run
from rag.releases.editions import (
    FIELDS,
    REFERENCES,
    Edition,
    Label,
    find_family,
    read_edition,
    superseded_by,
)

CACHED = 4096  # chosen: the documents of some hundred questions
READ = ("source", "title", *FIELDS, *REFERENCES)
GIVEN = "(SELECT value FROM json_each(?))"
READABLE = f"""l.document_id IN (SELECT document_id FROM readers WHERE principal IN {GIVEN})"""
LABELS = f"""SELECT l.document_id, l.field, l.value FROM labels l
    WHERE l.document_id IN {GIVEN} AND l.field IN {READ}"""
LABELLED = """SELECT DISTINCT l.document_id FROM json_each(?) j CROSS JOIN labels l
    ON l.field = j.value ->> 0 AND l.kind = 'text' AND l.value = j.value ->> 1"""
REFERS = f"SELECT 1 FROM labels WHERE field IN {REFERENCES} LIMIT 1"


class Families:
    """Finds the versions of documents; the last ones asked for are kept."""

    def __init__(self, run: Run, today: Callable[[], str]) -> None:
        self._run = run
        self._today = today
        self.find = lru_cache(maxsize=CACHED)(self._find)
        self._superseded_by = lru_cache(maxsize=CACHED)(self._find_successor)
        self._refers = lru_cache(maxsize=1)(lambda: bool(run(REFERS, ())))

    def superseded_by(self, document_id: str, readers: str | None) -> str | None:
        """What is in force today in place of a document, among what these may read."""
        return self._superseded_by(document_id, readers, self._today())

    def _find_successor(self, document_id: str, readers: str | None, day: str) -> str | None:
        family = self.find(document_id, readers)
        return superseded_by(document_id, family, day) if len(family) > 1 else None

    def _find(self, document_id: str, readers: str | None) -> tuple[Edition, ...]:
        """The versions of a document that may be read, itself among them."""
        (own,) = self._read([document_id]) or [Edition(document_id)]
        if not (own.number or own.series or self._refers()):
            return (own,)

        def find_labelled(labels: Collection[Label]) -> list[Edition]:
            shown, values = ("", []) if readers is None else (f" WHERE {READABLE}", [readers])
            found = self._run(LABELLED + shown, [json.dumps(sorted(labels)), *values])
            return self._read([row[0] for row in found])

        return find_family(own, find_labelled)

    def _read(self, ids: list[str]) -> list[Edition]:
        labels: dict[str, dict[str, list[str]]] = {}
        for id_, field, value in self._run(LABELS, [json.dumps(ids)]):
            labels.setdefault(id_, {}).setdefault(field, []).append(value)
        return [read_edition(id_, each) for id_, each in labels.items()]
