"""Versions and disagreements in words, for the text of an answer and for a chat model."""

from calendar import month_name

from rag.domain import DocumentRef

SOURCES_DISAGREE = "The sources disagree."


def tell_day(day: str) -> str:
    """An ISO date, of a month or year too, as people write it: 1 March 2025."""
    year, month, number = (*day.split("-"), "", "")[:3]
    words = (number.lstrip("0"), month_name[int(month)] if month else "", year)
    return " ".join(filter(None, words))


def tell_version(document: DocumentRef) -> str:
    """From when a document is, in as far as it says: in force from 1 March 2025."""
    until = f" until {tell_day(document.valid_to)}" if document.valid_to else ""
    if document.valid_from:
        return f"in force from {tell_day(document.valid_from)}{until}"
    if until:
        return f"in force{until}"
    return f"of {tell_day(document.date)}" if document.date else ""


def introduce(document: DocumentRef) -> str:
    """A document with its day, before what it says."""
    return ", ".join(filter(None, (document.title, tell_version(document))))


def introduce_former(former: DocumentRef, current: DocumentRef) -> str:
    """A version that is shown beside the one that holds now, before what it says."""
    since = tell_version(former)
    version = f"the version {since}" if since else "an older version"
    return f"Until then, {version}" if current.valid_from else f"Before, {version}"


def label_source(document: DocumentRef, successor: DocumentRef | None) -> str:
    """Title and day of a passage for a chat model, and whether another version has replaced it."""
    if not document.superseded_by:
        return introduce(document)
    by = tell_version(successor) if successor else ""
    return f"{introduce(document)}, REPLACED by {f'the version {by}' if by else 'a newer version'}"
