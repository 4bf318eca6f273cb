"""Which documents of a release a request may find: readers and filters, resolved in SQL.

`documents.db` keeps what is known of each document as typed labels, and the rows of its chunks as
one extent, so that a filter costs an index lookup a condition and no chunk is looked at.
"""

from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from rag.ports import Rows, Subset
from rag.releases.filters import Condition, Operator, check_condition

CACHED = 32
COMPARE: dict[Operator, str] = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
READABLE = """e.document_id IN (SELECT document_id FROM readers
    WHERE principal IN (SELECT value FROM json_each(?)))"""
LABELLED = "e.document_id IN (SELECT document_id FROM labels WHERE field = ? AND kind = ? AND {})"
LAST_CHARACTER = "\U0010ffff"
Run = Callable[[str, Sequence[Any]], list[Any]]


class Selection:
    """Finds subsets of a release's documents; the last ones asked for are kept."""

    def __init__(self, run: Run) -> None:
        self._run = run
        self.find = lru_cache(maxsize=CACHED)(self._find)
        self._kinds = lru_cache(maxsize=CACHED)(self._read_kinds)

    def _find(self, readers: str | None, conditions: tuple[Condition, ...]) -> Subset:
        known = self._kinds(readers)
        clauses, values = _readable(readers)
        for condition in conditions:
            check_condition(condition, known)
            clause, compared = _compare(condition)
            clauses.append(LABELLED.format(clause))
            values += [condition.field, condition.kind, *compared]
        found = self._run(
            f'SELECT e.document_id, e."first", e."last" FROM extents e WHERE {_all(clauses)}',
            values,
        )
        return Subset(frozenset(row[0] for row in found), _rows([row[1:] for row in found]))

    def _read_kinds(self, readers: str | None) -> dict[str, set[str]]:
        """The fields that readable documents have, each with the kinds of its values."""
        clauses, values = _readable(readers)
        found = self._run(
            "SELECT DISTINCT e.field, e.kind FROM labels e WHERE " + _all(clauses), values
        )
        kinds: dict[str, set[str]] = {}
        for field, kind in found:
            kinds.setdefault(field, set()).add(kind)
        return kinds


def _readable(readers: str | None) -> tuple[list[str], list[Any]]:
    return ([], []) if readers is None else ([READABLE], [readers])


def _all(clauses: Iterable[str]) -> str:
    return " AND ".join(["TRUE", *clauses])


def _compare(condition: Condition) -> tuple[str, list[Any]]:
    if condition.operator == "any":
        marks = ",".join("?" * len(condition.values))
        return f"value IN ({marks})", [*condition.values]
    (value,) = condition.values
    if condition.operator == "prefix":
        return "value BETWEEN ? AND ?", [value, f"{value}{LAST_CHARACTER}"]
    return f"value {COMPARE[condition.operator]} ?", [value]


def _rows(extents: list[tuple[int, int]]) -> Rows:
    """All rows of `extents`, each from its first to its last, ascending."""
    if not extents:
        return np.empty(0, dtype=np.int64)
    first, last = np.array(sorted(extents), dtype=np.int64).T
    sizes = last - first + 1
    starts = np.cumsum(sizes) - sizes
    rows: Rows = np.arange(sizes.sum()) - np.repeat(starts - first, sizes)
    return rows
