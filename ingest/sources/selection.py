"""Which files of a folder are sources: `.plumblineignore`, `--include` and `--exclude`."""

from collections.abc import Sequence
from copy import copy
from pathlib import Path

from pathspec import GitIgnoreSpec

from ingest.sources.small_files import read_small_file
from rag.errors import ExtractionFailed, UsageError

IGNORE_FILE = ".plumblineignore"
MOST_IGNORE_BYTES = 1_000_000


class Selection:
    """Patterns as `.gitignore` has them, each relative to the folder in which it was given."""

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = _parse(include, "--include") if include else None
        self._exclude = _parse(exclude, "--exclude") if exclude else None
        self._ignored: tuple[tuple[str, GitIgnoreSpec], ...] = ()

    def inside(self, folder: Path, relative: str) -> "Selection":
        """What holds below a folder that has an ignore file, by its path from the root.

        That path is empty or ends with a slash. Raises UsageError for a file that is not readable.
        """
        file = folder / IGNORE_FILE
        try:
            lines = read_small_file(file, MOST_IGNORE_BYTES).decode(errors="replace").splitlines()
        except ExtractionFailed as error:
            raise UsageError(f"{file}: {error}") from error
        below = copy(self)
        below._ignored = (*self._ignored, (relative, _parse(lines, str(file))))
        return below

    def takes_file(self, relative: str) -> bool:
        """Whether a file, by its path from the root, is a source."""
        if self._include is not None and not self._include.match_file(relative):
            return False
        return not self._is_ignored(relative)

    def takes_folder(self, relative: str) -> bool:
        """Whether a folder, by its path from the root, is looked into."""
        return not self._is_ignored(f"{relative}/")

    def _is_ignored(self, relative: str) -> bool:
        if self._exclude is not None and self._exclude.match_file(relative):
            return True
        for base, spec in reversed(self._ignored):
            ignored = spec.check_file(relative[len(base) :]).include
            if ignored is not None:
                return ignored
        return False


def _parse(patterns: Sequence[str], where: str) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error
