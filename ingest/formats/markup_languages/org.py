"""Org files: their text without what is only said to Emacs."""

import re
from collections.abc import Iterator
from dataclasses import replace

from ingest.formats.content import Extraction, SourceFile
from ingest.formats.markup import with_dashes
from ingest.formats.office import read_marked_up
from ingest.text.decoding import decode

TITLE = re.compile(r"^#\+title:[ \t]*([^\n]{1,300})$", re.MULTILINE | re.IGNORECASE)
AUTHOR = re.compile(r"^#\+author:[ \t]*([^\n]{1,300})$", re.MULTILINE | re.IGNORECASE)
DRAWERS = (":properties:", ":logbook:")
IN_DRAWERS = (":", "clock:", "-")
CAPTION = "#+caption:"


def extract_org(file: SourceFile) -> Extraction:
    """An Org file as Markdown, without its keywords, comments and drawers."""
    decoded = decode(file.read())
    title, author = (_first(pattern, decoded.text) for pattern in (TITLE, AUTHOR))
    found = read_marked_up("\n".join(_spoken(decoded.text)), file.media_type, decoded.notes)
    return replace(found, title=title, metadata={"author": author} if author else {})


def _spoken(text: str) -> Iterator[str]:
    in_block = in_drawer = False
    for line in text.splitlines():
        word, _, rest = line.strip().partition(" ")
        key = word.lower()
        in_drawer = key in DRAWERS or (in_drawer and key.startswith(IN_DRAWERS))
        if in_block or key.startswith("#+begin_"):
            in_block = not key.startswith("#+end_")
            yield line
        elif in_drawer:
            in_drawer = key != ":end:"
        elif key == CAPTION:
            yield from ("", rest, "")
        elif not _is_setting(key):
            yield with_dashes(line)


def _is_setting(key: str) -> bool:
    return key == "#" or (key.startswith("#+") and key.endswith(":"))


def _first(pattern: re.Pattern[str], text: str) -> str:
    match = pattern.search(text)
    return match.group(1).strip() if match else ""
