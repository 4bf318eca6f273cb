"""What a Markdown file says of itself between two lines of dashes at its beginning."""

import math
from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from ingest.adapters.yaml import NotPlainYaml, read_plain_yaml
from ingest.text.decoding import drop_unseen
from ingest.text.structure import find_front_matter
from rag.domain import MetadataValue

MOST_CHARACTERS = 16_000  # chosen: several pages of labels
MOST_KEYS = 100  # chosen: as for side-cars
MOST_VALUE_CHARACTERS = 2_000  # chosen: an abstract
LARGEST_NUMBER = 1 << 53  # the largest that JSON carries exactly everywhere


class FrontMatter(NamedTuple):
    """Its plain values, its title if it names one, and what of it was refused."""

    metadata: Mapping[str, MetadataValue]
    title: str
    notes: tuple[str, ...]


def read_front_matter(text: str) -> FrontMatter:
    """The front matter of a Markdown text; what is refused is noted, and the text is kept."""
    end = find_front_matter(text)
    if not end:
        return FrontMatter({}, "", ())
    if end > MOST_CHARACTERS:
        return FrontMatter({}, "", (f"front matter longer than {MOST_CHARACTERS:,} characters",))
    lines = text[:end].splitlines()
    try:
        value = read_plain_yaml("\n".join(lines[1:-1]))
    except NotPlainYaml as error:
        return FrontMatter({}, "", (f"front matter not read: {error}",))
    if not isinstance(value, dict):
        return FrontMatter({}, "", ("front matter not read: it names no keys",) if value else ())
    return _keep_plain(value)


def _keep_plain(value: dict[object, object]) -> FrontMatter:
    metadata: dict[str, MetadataValue] = {}
    refused: list[str] = []
    for key, found in list(value.items())[:MOST_KEYS]:
        plain = _plain(found)
        if plain is not None and isinstance(key, str):
            metadata[key] = plain
        elif found is not None:
            refused.append(str(key)[:40])
    title = metadata.get("title")
    notes = (f"front matter not kept: {', '.join(refused)}",) if refused else ()
    return FrontMatter(metadata, " ".join(str(title).split())[:200] if title else "", notes)


def _plain(found: object) -> MetadataValue | None:
    if isinstance(found, list):
        parts = [_plain_one(part) for part in found]
        return None if None in parts else tuple(str(part) for part in parts)
    return _plain_one(found)


def _plain_one(found: object) -> str | int | float | bool | None:
    if isinstance(found, date):
        return found.isoformat()
    if isinstance(found, str):
        return drop_unseen(found).text if len(found) <= MOST_VALUE_CHARACTERS else None
    if isinstance(found, int):
        return found if abs(found) < LARGEST_NUMBER else None
    return found if isinstance(found, float) and math.isfinite(found) else None
