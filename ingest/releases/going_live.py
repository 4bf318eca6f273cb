"""Making another release live without letting anybody read more by the way."""

import json
import sqlite3
from collections.abc import Iterator

from ingest.corpus.widening import is_within, say_readers
from ingest.releases import publishing
from ingest.releases.copies import open_documents
from ingest.releases.publishing import CorpusFolder
from rag.errors import UsageError
from rag.releases.folder import Hold

MOST_NAMED = 5
OTHERWISE_READABLE = """SELECT n.source, o.access, n.access FROM main.documents n
    JOIN other.documents o ON o.id = n.id WHERE o.access != n.access ORDER BY n.source"""


def go_live(folder: CorpusFolder, number: int, *, hold: Hold | None = None) -> None:
    """Replace LIVE; where fewer may read now, no earlier release serves by itself from then on.

    So it is where the release before is too damaged to be compared. Raises ReleaseNotFound,
    StorageError.
    """
    live = folder.live()
    try:
        is_narrower = live is not None and any(find_wider(folder, live, than=number))
    except sqlite3.DatabaseError:
        is_narrower = True
    if is_narrower:
        publishing.write_floor(folder, number)
    publishing.make_live(folder, number, hold=hold)


def check_not_wider(folder: CorpusFolder, number: int) -> None:
    """Raise UsageError for a release in which documents are readable by more than in the live one.

    What the live one does not have counts as gone, not as hidden.
    """
    live = folder.live()
    try:
        wider = [] if live is None else list(find_wider(folder, number, than=live))
    except sqlite3.DatabaseError as error:
        raise UsageError(
            f"release {live} is damaged, so who may read more in release {number} is not known: "
            "say --widen to choose it all the same"
        ) from error
    if wider:
        more = f", and {len(wider) - MOST_NAMED} more" if len(wider) > MOST_NAMED else ""
        raise UsageError(
            f"in release {number} documents are readable by more than now: "
            f"{'; '.join(wider[:MOST_NAMED])}{more}: say --widen if that is right"
        )


def find_wider(folder: CorpusFolder, number: int, *, than: int) -> Iterator[str]:
    """The documents that more may read in release `number` than in another one, with who may.

    Raises sqlite3.DatabaseError for one that is damaged.
    """
    if folder.manifest(number) is None or folder.manifest(than) is None:
        return
    with open_documents(folder, number) as database:
        other = (folder.release(than) / "documents.db").resolve().as_uri()
        database.execute("ATTACH ? AS other", (f"{other}?mode=ro&immutable=1",))
        for source, *access in database.execute(OTHERWISE_READABLE):
            before, after = map(json.loads, access)
            if not is_within(after, before):
                yield f"{source}: {say_readers(before)} -> {say_readers(after)}"
