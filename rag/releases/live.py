"""The live releases of all corpora: opened once, shared, swapped under load, closed when unused."""

import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.errors import RagError, ReleaseBroken, ReleaseNotFound
from rag.releases.folder import (
    OpenRelease,
    corpus_folder,
    corpus_names,
    corpus_not_found,
    live_number,
    read_floor,
    release_folder,
    serving_order,
)
from rag.releases.manifest import Manifest

RETRY_S = 30.0  # chosen: a broken release is looked at twice a minute


@dataclass(slots=True)
class _Held:
    release: OpenRelease
    users: int = 0
    retired: bool = False


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a corpus folder was like when its release was chosen, and what was wrong with it."""

    live: int | None
    numbers: tuple[int, ...]
    problem: RagError | None
    at: float


class LiveCorpora:
    """Hands out live releases; a request keeps the one it began with until it ends.

    Where releases are `chosen`, by the names of their corpora, they and no others are live.
    """

    def __init__(
        self,
        data: Path,
        open_release: Callable[[Path], OpenRelease],
        chosen: Mapping[str, int] | None = None,
    ) -> None:
        self._data = data
        self._open_release = open_release
        self._chosen = chosen
        self._held: dict[str, _Held] = {}
        self._seen: dict[str, _Seen] = {}
        self._lock = threading.Lock()
        self._opening = threading.Lock()

    def manifests(self) -> list[Manifest]:
        """Manifests of the open live releases, sorted by corpus."""
        with self._lock:
            return [held.release.manifest for _, held in sorted(self._held.items())]

    def problem(self, name: str) -> RagError | None:
        """What was wrong with the live release of a corpus when it was last looked at."""
        seen = self._seen.get(name)
        return seen.problem if seen else None

    def refresh(self) -> dict[str, RagError]:
        """Open what was published since, swap it in, and retire what it replaces.

        Returns what is wrong, under the name of its corpus: a live release that cannot be opened
        leaves the one in use, or the one before it, serving; the other corpora go on.
        """
        with self._opening:
            for name in corpus_names(self._data) if self._chosen is None else self._chosen:
                self._follow(name)
        return {name: seen.problem for name, seen in self._seen.items() if seen.problem}

    def _follow(self, name: str) -> None:
        folder = corpus_folder(self._data, name)
        live, numbers = live_number(folder), tuple(serving_order(folder))
        if self._chosen:
            live, numbers = self._chosen[name], (self._chosen[name],)
        before = self._seen.get(name)
        is_same = before and (before.live, before.numbers) == (live, numbers)
        if before and is_same and (not before.problem or time.monotonic() - before.at < RETRY_S):
            return
        problem = self._load(name, live, numbers)
        self._seen[name] = _Seen(live, numbers, problem, time.monotonic())

    def _load(self, name: str, live: int | None, numbers: Sequence[int]) -> RagError | None:
        """Hold the live release, else what is held, else the first that opens; what was wrong."""
        current = self._held.get(name)
        problem: RagError | None = None
        if live is None:
            problem = ReleaseBroken("LIVE is missing or damaged: run `publish N` or `add` again")
        if current and live is not None:
            numbers = numbers[:1]
        for number in numbers if current is None or live is not None else ():
            if current and number == current.release.manifest.release:
                return _alarm(current.release)
            try:
                opened = self._open_release(release_folder(self._data, name, number))
                if current:
                    opened.warm_up()
            except RagError as error:
                problem = problem or error
                continue
            self._replace(name, _Held(opened))
            return _tell_fallback(problem, opened) if problem else _alarm(opened)
        return self._keep(name, current, problem) if problem and current else problem

    def _keep(self, name: str, current: _Held, problem: RagError) -> RagError:
        """Go on with what is held, unless more could read in it than may now; what to say of it."""
        if current.release.manifest.release >= read_floor(corpus_folder(self._data, name)):
            return _tell_fallback(problem, current.release)
        self._replace(name, None)
        return problem

    def _replace(self, name: str, held: _Held | None) -> None:
        with self._lock:
            before = self._held.pop(name, None)
            if held:
                self._held[name] = held
        if before:
            self._retire(before)

    def _retire(self, held: _Held) -> None:
        with self._lock:
            held.retired = True
            unused = held.users == 0
        if unused:
            held.release.close()

    @contextmanager
    def hold(self, name: str, number: int | None = None) -> Iterator[OpenRelease]:
        """The live release of a corpus, or release `number`, for one request.

        Raises InvalidCorpusName, CorpusNotFound, ReleaseNotFound, or what keeps it from opening.
        """
        held = self._take(name)
        try:
            if number is None or number == held.release.manifest.release:
                yield held.release
            else:
                self._check_floor(name, number)
                release = self._open_release(release_folder(self._data, name, number))
                try:
                    yield release
                finally:
                    release.close()
        finally:
            self._give_back(held)

    def _check_floor(self, name: str, number: int) -> None:
        """Raise ReleaseNotFound for a release in which more could read than may now."""
        if number < read_floor(corpus_folder(self._data, name)):
            why = "fewer may read now than could then"
            raise ReleaseNotFound(f"release {number} of {name!r} is served no more: {why}")

    def _take(self, name: str) -> _Held:
        folder = corpus_folder(self._data, name)
        if name not in self._held and serving_order(folder):
            with self._opening:
                self._follow(name)
        with self._lock:
            held = self._held.get(name)
            if held is None:
                raise self.problem(name) or corpus_not_found(name)
            held.users += 1
            return held

    def _give_back(self, held: _Held) -> None:
        with self._lock:
            held.users -= 1
            unused = held.retired and held.users == 0
        if unused:
            held.release.close()

    def close(self) -> None:
        """Retire every release; those in use close with their last request."""
        with self._lock:
            held, self._held = list(self._held.values()), {}
        for each in held:
            self._retire(each)


def _tell_fallback(problem: RagError, release: OpenRelease) -> ReleaseBroken:
    manifest = release.manifest
    return ReleaseBroken(
        f"{problem}; release {manifest.release} of {manifest.created} serves instead, "
        f"which may hold what was deleted since"
    )


def _alarm(release: OpenRelease) -> ReleaseBroken | None:
    return ReleaseBroken(release.alarm) if release.alarm else None
