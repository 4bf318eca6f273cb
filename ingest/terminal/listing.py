"""The sources and roots of a corpus as lists: chosen, counted, and printed."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ingest.corpus.ledger import Ledger, SourceRow
from ingest.corpus.naming import current_names
from ingest.sources.labels import RootLabels
from ingest.sources.scanning import is_below
from ingest.terminal.reports import GROUPED_ABOVE, say_group
from ingest.terminal.tables import print_json, print_table, say

DESCRIBED = ("uri", "root", "state", "reason", "characters", "pages", "empty_pages")


@dataclass(frozen=True, slots=True)
class Choice:
    """Which sources to list: those of a state, below a root, with a text in their name."""

    state: str = ""
    root: str = ""
    name: str = ""

    def takes(self, row: SourceRow, name: str) -> bool:
        """Whether a source that is called so is one of them."""
        if self.state and row.state != self.state:
            return False
        if self.root and not is_below(self.root, row.uri, row.root):
            return False
        return self.name.lower() in name.lower()


def print_sources(ledger: Ledger, choice: Choice, *, as_json: bool) -> None:
    """How many sources are in each state, then each with how much of it was kept.

    Unless some were chosen, those of which nothing was kept for one reason are one line.
    """
    names = current_names(ledger)
    rows = [row for row in ledger.sources().values() if choice.takes(row, names[row.uri])]
    rows.sort(key=lambda row: (row.root, names[row.uri]))
    if as_json:
        for row in rows:
            print_json(_describe(row, names[row.uri]))
        return
    counts = Counter(row.state for row in rows)
    summary = [(state, f"{counts[state]:,}") for state in sorted(counts)]
    print_table(("state", "sources"), [*summary, ("all", f"{len(rows):,}")])
    for root in dict.fromkeys(row.root for row in rows):
        say("")
        say(root)
        listed = [row for row in rows if row.root == root]
        print_table(
            ("state", "source", "characters", "pages", "reason"),
            _table(listed, names, is_grouped=choice == Choice()),
        )


def _describe(row: SourceRow, name: str) -> dict[str, object]:
    return {"source": name} | {column: getattr(row, column) for column in DESCRIBED}


def _table(
    rows: Sequence[SourceRow], names: Mapping[str, str], *, is_grouped: bool
) -> list[tuple[str, ...]]:
    groups: dict[tuple[str, str], list[str]] = {}
    for row in rows:
        if is_grouped and row.reason and not row.characters:
            groups.setdefault((row.state, row.reason), []).append(names[row.uri])
    large = {key for key, found in groups.items() if len(found) > GROUPED_ABOVE}
    single = [row for row in rows if row.characters or (row.state, row.reason) not in large]
    grouped = [
        (state, say_group(found), "", "", reason)
        for (state, reason), found in groups.items()
        if (state, reason) in large
    ]
    return [_line(row, names[row.uri]) for row in single] + grouped


def _line(row: SourceRow, name: str) -> tuple[str, ...]:
    pages = f"{row.pages} (no text: {row.empty_pages})" if row.empty_pages else str(row.pages)
    return row.state, name, f"{row.characters:,}", pages if row.pages else "", row.reason


def print_roots(ledger: Ledger, *, as_json: bool) -> None:
    """Each root, how many documents it has, what was said of it, when it was given."""
    documents = ledger.names()
    counts = Counter(row.root for uri, row in ledger.sources().items() if uri in documents)
    roots = ledger.history.roots()
    if as_json:
        for root in roots:
            print_json(
                {
                    "root": root.uri,
                    "documents": counts[root.uri],
                    "labels": json.loads(root.labels or "{}"),
                    "added": root.added,
                    "last_seen": root.seen,
                }
            )
        return
    print_table(
        ("root", "documents", "labels", "added", "last seen"),
        [(r.uri, f"{counts[r.uri]:,}", _say_labels(r.labels), r.added, r.seen) for r in roots],
    )


def _say_labels(labels: str) -> str:
    said = RootLabels.from_json(labels)
    parts = [f"--acl {','.join(said.access)}"] if said.access else []
    parts += [f"--meta {key}={value}" for key, value in (said.metadata or {}).items()]
    parts += [f"--tag {tag}" for tag in said.tags or ()]
    return " ".join(parts)
