"""Which files of a folder are sources: `.plumblineignore`, `--include` and `--exclude`."""

from collections.abc import Sequence
from pathlib import Path

from pathspec import GitIgnoreSpec

from rag.errors import UsageError

IGNORE_FILE = ".plumblineignore"


class Selection:
    """Patterns as `.gitignore` has them, each relative to the folder in which it was given."""

    def __init__(self, include: Sequence[str] = (), exclude: Sequence[str] = ()) -> None:
        self._include = _parse(include, "--include") if include else None
        self._ignored = [("", _parse(exclude, "--exclude"))] if exclude else []

    def inside(self, folder: Path, relative: str) -> "Selection":
        """What holds below a folder, whose path from the root is `relative` (empty or `a/b/`)."""
        file = folder / IGNORE_FILE
        try:
            lines = file.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            return self
        below = Selection()
        below._include = self._include
        below._ignored = [*self._ignored, (relative, _parse(lines, str(file)))]
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
        ignored = False
        for base, spec in self._ignored:
            found = spec.check_file(relative[len(base) :]).include
            ignored = ignored if found is None else found
        return ignored


def _parse(patterns: Sequence[str], where: str) -> GitIgnoreSpec:
    try:
        return GitIgnoreSpec.from_lines(patterns)
    except ValueError as error:
        raise UsageError(f"{where}: {error}") from error
