"""The live releases of all corpora: opened once, shared, swapped under load, closed when unused."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from rag.domain import Manifest
from rag.errors import RagError
from rag.releases import (
    OpenRelease,
    corpus_folder,
    corpus_names,
    corpus_not_found,
    live_number,
    release_folder,
)


@dataclass(slots=True)
class _Held:
    release: OpenRelease
    users: int = 0
    retired: bool = False


class LiveCorpora:
    """Hands out live releases; a request keeps the one it began with until it ends."""

    def __init__(self, data: Path, open_release: Callable[[Path], OpenRelease]) -> None:
        self._data = data
        self._open_release = open_release
        self._held: dict[str, _Held] = {}
        self._lock = threading.Lock()
        self._opening = threading.Lock()

    def manifests(self) -> list[Manifest]:
        """Manifests of the open live releases, sorted by corpus."""
        with self._lock:
            return [held.release.manifest for _, held in sorted(self._held.items())]

    def refresh(self) -> dict[str, RagError]:
        """Open what was published since, swap it in, and retire what it replaces.

        A release that cannot be opened leaves the one in use as it is; its error is returned under
        the name of its corpus, and the other corpora are not held up by it.
        """
        problems: dict[str, RagError] = {}
        with self._opening:
            for name in corpus_names(self._data):
                try:
                    self._load(name)
                except RagError as error:
                    problems[name] = error
        return problems

    def _load(self, name: str) -> None:
        number = live_number(corpus_folder(self._data, name))
        current = self._held.get(name)
        if number is None or (current and current.release.manifest.release == number):
            return
        opened = self._open_release(release_folder(self._data, name, number))
        with self._lock:
            self._held[name] = _Held(opened)
        if current:
            self._retire(current)

    def _retire(self, held: _Held) -> None:
        with self._lock:
            held.retired = True
            unused = held.users == 0
        if unused:
            held.release.close()

    @contextmanager
    def hold(self, name: str, number: int | None = None) -> Iterator[OpenRelease]:
        """The live release of a corpus, or release `number`, for one request.

        Raises InvalidCorpusName, CorpusNotFound or ReleaseNotFound.
        """
        held = self._take(name)
        try:
            if number is None or number == held.release.manifest.release:
                yield held.release
            else:
                release = self._open_release(release_folder(self._data, name, number))
                try:
                    yield release
                finally:
                    release.close()
        finally:
            self._give_back(held)

    def _take(self, name: str) -> _Held:
        folder = corpus_folder(self._data, name)
        if name not in self._held and live_number(folder) is not None:
            with self._opening:
                self._load(name)
        with self._lock:
            held = self._held.get(name)
            if held is None:
                raise corpus_not_found(name)
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
