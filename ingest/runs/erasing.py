"""`forget`: erase sources so that nothing of them is left in the corpus folder, and prove it."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ingest.corpus.blobs import hash_file
from ingest.corpus.folder import CorpusFolder
from ingest.corpus.history import NO_BYTES, Version, document_id, hash_uri
from ingest.corpus.ledger import Ledger, SourceRow
from ingest.corpus.naming import current_names, source_not_found
from ingest.corpus.opening import view_ledger
from ingest.corpus.setup import Setup
from ingest.releases.copies import documents_of
from ingest.releases.erasure import Doomed, Receipt, begin, finish, read_receipts
from ingest.runs.writing import writing
from ingest.sources.scanning import is_below, uri_of
from ingest.sources.source import Scan
from rag.errors import SourceNotFound

SUBJECT = "subject"


def forget(
    folder: CorpusFolder,
    setup: Setup,
    *,
    sources: Sequence[str] = (),
    subjects: Sequence[str] = (),
) -> Receipt:
    """Erase sources by path or URI, and those whose metadata name a subject, with all copies.

    All versions of them go, also of sources that were removed before, and so does a source that
    holds the same bytes now. No release that is left holds any of it, pinned or not. What is cut
    short is finished by the next writer. Raises SourceNotFound when nothing matches.
    """
    with writing(folder, setup) as corpus:
        begun = begin(corpus, matching(folder, corpus.ledger, sources, subjects))
        [receipt] = [each for each in finish(corpus) if each.id == begun.id]
        return receipt


def receipts(folder: CorpusFolder) -> list[Receipt]:
    """The receipts of all erasures, oldest first; unfinished ones are among them."""
    with view_ledger(folder.ledger) as ledger:
        return read_receipts(ledger)


def name_sources(folder: CorpusFolder, hashes: Sequence[str]) -> list[str]:
    """The names of sources that stay, by the hashes that a receipt has of them."""
    with view_ledger(folder.ledger) as ledger:
        return [name for uri, name in current_names(ledger).items() if hash_uri(uri) in hashes]


def readmit(folder: CorpusFolder, setup: Setup, scan: Scan) -> int:
    """Let forgotten sources in again, by their place and by what they hold now; how many."""
    with writing(folder, setup) as corpus:
        history = corpus.ledger.history
        keys = {hash_uri(source.uri) for source in scan.sources}
        keys |= {hash_file(source.path) for source in scan.sources if source.path.is_file()}
        found = sorted(keys & history.tombstones().keys())
        with corpus.ledger.transaction():
            history.lift_tombstones(found)
    return len(found)


def preview(folder: CorpusFolder, sources: Sequence[str], subjects: Sequence[str]) -> list[Doomed]:
    """The sources that `forget` would erase, without erasing any. Raises SourceNotFound."""
    with view_ledger(folder.ledger) as ledger:
        return matching(folder, ledger, sources, subjects)


def matching(
    folder: CorpusFolder, ledger: Ledger, sources: Sequence[str], subjects: Sequence[str]
) -> list[Doomed]:
    """The sources that `forget` would erase. Raises SourceNotFound for an argument without any."""
    known = _known(ledger)
    named: dict[str, Doomed] = {}
    for argument in sources:
        below = {
            uri: each
            for uri, each in known.items()
            if any(is_below(argument, uri, root) for root in each.roots)
        }
        below = below or dict(_only_in_releases(folder, argument))
        if not below:
            unknown = source_not_found(folder.name, argument, current_names(ledger).values())
            raise SourceNotFound(f"{unknown}; no release or original of it is kept")
        named |= below
    for subject in subjects:
        about = {
            uri: each
            for uri, each in known.items()
            if any(_is_about(subject, version) for version in each.versions)
        }
        if not about:
            raise SourceNotFound(f"no document of {folder.name!r} has the subject {subject!r}")
        named |= about
    return _with_equals(ledger, known, named)


def _known(ledger: Ledger) -> dict[str, Doomed]:
    """Every source that the ledger has or had, with its versions."""
    rows, names = ledger.sources(), current_names(ledger)
    history: dict[str, list[Version]] = {}
    for version in ledger.history.versions():
        history.setdefault(version.uri, []).append(version)
    return {
        uri: _describe(uri, names.get(uri, ""), rows.get(uri), history.get(uri, []))
        for uri in {*rows, *history}
    }


def _describe(uri: str, name: str, row: SourceRow | None, versions: Sequence[Version]) -> Doomed:
    contents = [version.sha256 for version in versions]
    if row and row.sha256:
        contents.append(row.sha256)
    name = name or versions[-1].name
    roots = {version.root for version in versions} | ({row.root} if row else set())
    because = "" if row else "removed before"
    found = tuple(dict.fromkeys(contents))
    return Doomed(uri, name, frozenset(roots), tuple(versions), found, because)


def _is_about(subject: str, version: Version) -> bool:
    said = version.metadata.get(SUBJECT, ())
    return subject in said if isinstance(said, tuple) else subject == str(said)


def _only_in_releases(folder: CorpusFolder, argument: str) -> Iterator[tuple[str, Doomed]]:
    """A source of which the ledger knows nothing, as after a ledger that was lost."""
    uri = uri_of(argument)
    id_ = document_id(folder.name, uri)
    listed = [documents_of(folder, number) or {} for number in folder.numbers()]
    contents = tuple(dict.fromkeys(release[id_] for release in listed if id_ in release))
    versions = tuple(Version(uri, sha256, uri, argument, id_, {}, ()) for sha256 in contents)
    if versions:
        because = "kept in releases alone"
        yield uri, Doomed(uri, argument, frozenset((uri,)), versions, contents, because)


def _with_equals(
    ledger: Ledger, known: dict[str, Doomed], named: dict[str, Doomed]
) -> list[Doomed]:
    """Those named, and those that hold the same bytes now as one of them held ever.

    Bytes that a source that stays holds now are its own, even if one that goes held them before.
    """
    erased = {sha256 for each in named.values() for sha256 in each.contents} - {NO_BYTES}
    now = {uri: row.sha256 for uri, row in ledger.sources().items()}
    equal = {uri: known[uri] for uri, sha256 in now.items() if sha256 in erased}
    doomed = named | {
        uri: replace(each, because="it holds the same bytes")
        for uri, each in equal.items()
        if uri not in named
    }
    stay = {sha256 for uri, sha256 in now.items() if uri not in doomed}
    return [
        replace(doomed[uri], contents=tuple(c for c in doomed[uri].contents if c not in stay))
        for uri in sorted(doomed)
    ]
