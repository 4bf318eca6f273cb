"""Private views of an index's folder, for engines that write even when they only read.

A release is never written once it is sealed, and may lie where nothing can be: such an engine gets
a temporary folder with links to the files of the index, and copies of those that it writes.
"""

from collections.abc import Collection
from pathlib import Path
from shutil import copyfile
from tempfile import TemporaryDirectory

PLACES = (None, "/dev/shm")  # where temporary files go; memory, should that place be full
PREFIX = "plumbline-"


def view_folder(folder: Path, *, copied: Collection[str] = ()) -> TemporaryDirectory[str]:
    """A temporary folder that looks like `folder`. Raises OSError when there is room for none."""
    refused = OSError("there is no folder for temporary files")
    for place in PLACES:
        try:
            view = TemporaryDirectory(prefix=PREFIX, dir=place, ignore_cleanup_errors=True)
        except OSError as error:
            refused = error
            continue
        try:
            _fill(Path(view.name), folder.resolve(), copied)
        except OSError as error:
            view.cleanup()
            refused = error
        else:
            return view
    raise refused


def _fill(view: Path, folder: Path, copied: Collection[str]) -> None:
    for path in folder.iterdir():
        if path.name in copied:
            copyfile(path, view / path.name)
        elif path.suffix != ".lock":
            (view / path.name).symlink_to(path)
