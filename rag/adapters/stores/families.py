"""Versions of one another among the documents of a release that some readers may see.

Labels name what documents say of themselves, so a family is found by them, one step at a time.
What others may not be read says nothing here.
"""

import json
from collections.abc import Collection, Iterable

from rag.adapters.stores.readable import Run
from rag.releases.editions import (
    FIELDS,
    REFERENCES,
    Edition,
    Label,
    find_families,
    read_edition,
    superseded_by,
)

MOST_KEPT = 50_000  # chosen: some 20 MB; all documents of most corpora, and their readers
READ = ("source", "title", *FIELDS, *REFERENCES)
GIVEN = "(SELECT value FROM json_each(?))"
READABLE = f""" AND EXISTS (SELECT 1 FROM readers r WHERE r.document_id = l.document_id
    AND r.principal IN {GIVEN})"""
LABELS = f"""SELECT l.document_id, l.field, l.value FROM labels l
    WHERE l.document_id IN {GIVEN} AND l.field IN {READ}"""
LABELLED = """SELECT DISTINCT l.document_id FROM json_each(?) j CROSS JOIN labels l
    ON l.field = j.value ->> 0 AND l.kind = 'text' AND l.value = j.value ->> 1 WHERE TRUE"""
REFERRED = f"SELECT DISTINCT value FROM labels WHERE field IN {REFERENCES}"


class Families:
    """Finds the versions of documents; those found are kept."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self._kept: dict[tuple[str, str | None], tuple[Edition, ...]] = {}
        self._replaced: dict[tuple[str, str | None, str], str | None] = {}
        self._referred: frozenset[str] | None = None

    def superseded_by(self, document_id: str, readers: str | None, day: str) -> str | None:
        """What is in force that day in place of a document, among what these may read."""
        key = (document_id, readers, day)
        if key not in self._replaced:
            family = self.find([document_id], readers)[document_id]
            self._replaced[key] = superseded_by(document_id, family, day)
        return self._replaced[key]

    def find(self, ids: Collection[str], readers: str | None) -> dict[str, tuple[Edition, ...]]:
        """The versions of each document that may be read, itself among them."""
        lacking = [id_ for id_ in ids if (id_, readers) not in self._kept]
        if lacking:
            if len(self._kept) + len(lacking) > MOST_KEPT:
                self._kept, self._replaced = {}, {}
            found = self._find(lacking, readers)
            self._kept |= {(id_, readers): family for id_, family in found.items()}
            return found | {id_: self._kept[id_, readers] for id_ in ids if id_ not in found}
        return {id_: self._kept[id_, readers] for id_ in ids}

    def _find(self, ids: Collection[str], readers: str | None) -> dict[str, tuple[Edition, ...]]:
        def find_labelled(labels: Collection[Label]) -> list[Edition]:
            wanted = sorted(label for label in labels if self._may_be_held(label))
            shown, values = ("", []) if readers is None else (READABLE, [readers])
            found = self._run(LABELLED + shown, [json.dumps(wanted), *values])
            return self._read(row[0] for row in found)

        return find_families(self._read(ids), find_labelled)

    def _may_be_held(self, label: Label) -> bool:
        """False for a reference that no document makes, which most documents have many of."""
        if self._referred is None:
            self._referred = frozenset(str(row[0]) for row in self._run(REFERRED, ()))
        return label[0] not in REFERENCES or label[1] in self._referred

    def _read(self, ids: Iterable[str]) -> list[Edition]:
        labels: dict[str, dict[str, list[str]]] = {id_: {} for id_ in ids}
        for id_, field, value in self._run(LABELS, [json.dumps([*labels])]):
            labels[id_].setdefault(field, []).append(value)
        return [read_edition(id_, each) for id_, each in labels.items()]
