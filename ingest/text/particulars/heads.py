"""The head of a document: its title, what stands before its first section, and its control table.

A statement further down is about something else.
"""

import re
from itertools import islice

from ingest.text.particulars.phrases import CONTROL
from ingest.text.structure import find_front_matter

HEAD_CHARACTERS = 2000  # chosen: a title page; what the next heading cuts short is less
PLAIN_CHARACTERS = 800  # chosen: a text without headings soon comes to its matter
SECTIONS_LOOKED_AT = 200  # chosen: control tables stand near the beginning, or at the very end
HEADING = re.compile(r"^#{1,6}[ \t]+(.*)$", re.M)
MARKS = re.compile(r"\*\*|__|^#{1,6}[ \t]+", re.M)
PAIRS = re.compile(r"^([^:;\n]+): ([^;\n]+); ([^:;\n]+): ([^;\n]+)$", re.M)
"""A row of a table of two columns as it is described: column names and cells are both a pair."""
ROW = re.compile(r"^\|([^|\n]+)\|([^|\n]+)\|[ \t]*$", re.M)


def find_head(text: str, *, is_markdown: bool) -> str:
    """What may state a document's particulars, its tables as lines of `label: value`."""
    if not is_markdown:
        return text[:PLAIN_CHARACTERS]
    body = text[find_front_matter(text) :]
    sections = list(islice(HEADING.finditer(body), SECTIONS_LOOKED_AT))
    bounds = [*(each.start() for each in sections), len(body)]
    opens_with_title = bool(sections) and not body[: sections[0].start()].strip()
    first_end = bounds[1] if opens_with_title else bounds[0]
    parts = [body[: min(first_end, HEAD_CHARACTERS)]]
    for section, end in zip(sections[1:], bounds[2:], strict=False):
        if CONTROL.search(section[1]):
            parts.append(body[section.end() : min(end, section.end() + HEAD_CHARACTERS)])
    plain = MARKS.sub("", "\n\n".join(parts))
    return ROW.sub(r"\1: \2", PAIRS.sub(r"\1: \3\n\2: \4", plain))
