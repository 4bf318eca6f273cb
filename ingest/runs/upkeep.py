"""Looking after a corpus: are its releases sound, what may go, what must stay."""

from dataclasses import dataclass
from pathlib import Path
from shutil import disk_usage

from ingest.clock import now_utc
from ingest.corpus.folder import CorpusFolder, remove_stale_builds, writer_lock
from ingest.corpus.opening import view_ledger
from ingest.corpus.setup import OpenCorpus, Setup
from ingest.releases import publishing
from ingest.releases.admission import admit
from ingest.releases.copies import prune_history, remove_originals
from ingest.runs.writing import writing
from rag.errors import ReleaseBroken, ReleaseNotFound, ReleaseRefused
from rag.releases.folder import Hold, probe
from rag.releases.seals import check_seal

ROOM_TO_COMPACT = 2.5  # the new copy, and the log through which it replaces the old one


@dataclass(frozen=True, slots=True)
class Verified:
    """Whether a release is as it was sealed and answers; `problem` says what is wrong."""

    release: int
    problem: str


@dataclass(frozen=True, slots=True)
class Freed:
    """What `gc` removed, and how many bytes that gave back.

    Without room for a copy of it the ledger is not compacted.
    """

    releases: tuple[int, ...]
    blobs: int
    embeddings: int
    bytes: int
    is_compacted: bool = True


def verify(folder: CorpusFolder, number: int | None = None) -> list[Verified]:
    """Check release `number`, or each that is kept, by its seal and by trying all of it.

    Raises ReleaseNotFound.
    """
    numbers = folder.numbers() if number is None else [number]
    if number is not None and number not in folder.numbers():
        raise ReleaseNotFound(f"corpus {folder.name!r} has no release {number}")
    return [Verified(each, _problem(folder.release(each))) for each in numbers]


def _problem(release: Path) -> str:
    try:
        check_seal(release)
        probe(release, thorough=True)
    except ReleaseBroken as error:
        return str(error)
    return ""


def collect_garbage(folder: CorpusFolder, setup: Setup) -> Freed:
    """Remove old releases, originals of which no release is left, embeddings that nothing uses.

    Raises WriterBusy, StorageError.
    """
    before = _count_bytes(folder.path)
    releases, blobs = _free_files(folder, setup.keep)
    with writing(folder, setup) as corpus:
        ledger = corpus.ledger
        prune_history(folder, ledger)
        serving = folder.manifest(folder.serving())
        embeddings = ledger.drop_unused_embeddings(embedder=serving.embedder if serving else "")
        is_compacted = _has_room_to_compact(folder)
        if is_compacted:
            ledger.compact()
    freed = before - _count_bytes(folder.path)
    return Freed(tuple(releases), blobs, embeddings, max(0, freed), is_compacted)


def _free_files(folder: CorpusFolder, keep: int) -> tuple[list[int], int]:
    """Remove releases and original bytes, for which nothing has to be written first.

    So there is room for the ledger, which on a full disk cannot even be opened to be changed.
    """
    with writer_lock(folder, now_utc()):
        remove_stale_builds(folder)
        with view_ledger(folder.ledger) as ledger:
            releases = publishing.remove_old_releases(folder, ledger.pins(), keep=keep)
            return releases, remove_originals(folder, ledger)


def _has_room_to_compact(folder: CorpusFolder) -> bool:
    return disk_usage(folder.path).free > ROOM_TO_COMPACT * folder.ledger.stat().st_size


def _count_bytes(folder: Path) -> int:
    files = {}
    for path in folder.rglob("*"):
        if path.is_file():
            status = path.stat()
            files[status.st_ino] = status.st_size
    return sum(files.values())


def choose(folder: CorpusFolder, setup: Setup, number: int | None = None) -> Hold | None:
    """Make release `number` live, or the one before the live one; what holds the corpus now.

    The newest release ends a hold; any other holds the corpus there, so that no run replaces it
    by itself. Raises UsageError where more could read than now and `setup.widen` does not let
    them; ReleaseRefused where the gate refuses a later one; ReleaseNotFound, ReleaseBroken,
    WriterBusy, StorageError.
    """
    with writing(folder, setup) as corpus:
        ledger = corpus.ledger
        live = folder.live()
        if number is None:
            number = _before(folder, live)
        if folder.manifest(number) is not None:
            check_seal(folder.release(number))
        hold = None
        if number == live:
            hold = folder.hold()
        elif number != max(folder.numbers(), default=0):
            why = f"release {number} was chosen over release {live}"
            hold = Hold(number, now_utc(), why)
        if not setup.widen:
            publishing.check_not_wider(folder, number)
        if live is None or number > live:
            _pass_gate(corpus, number, live)
        publishing.go_live(folder, number, hold=hold)
        if hold is None:
            publishing.remove_old_releases(folder, ledger.pins(), keep=setup.keep)
        return hold


def _pass_gate(corpus: OpenCorpus, number: int, live: int | None) -> None:
    """Raise ReleaseRefused where the corpus has a gate, and that refuses the release."""
    decision = admit(corpus, number, live)
    if decision and decision.is_refused:
        raise ReleaseRefused(
            f"release {number} is refused by the gate: {'; '.join(decision.reasons)}: "
            "say --force --why WHY to publish it all the same"
        )


def _before(folder: CorpusFolder, live: int | None) -> int:
    earlier = [number for number in folder.numbers() if live is not None and number < live]
    if not earlier:
        raise ReleaseNotFound(
            f"corpus {folder.name!r} has no release before {live}"
            if live is not None
            else f"corpus {folder.name!r} has no live release: choose one by `publish N`"
        )
    return earlier[-1]


def pin(folder: CorpusFolder, setup: Setup, number: int, *, is_pinned: bool) -> None:
    """Keep a release for ever, or no longer. Raises ReleaseNotFound, WriterBusy."""
    with writing(folder, setup) as corpus:
        ledger = corpus.ledger
        if is_pinned and folder.manifest(number) is None:
            raise ReleaseNotFound(f"corpus {folder.name!r} has no release {number}")
        ledger.pin(number, is_pinned=is_pinned)
