"""What the name of a file and its folder tell of a document, and which series it belongs to."""

import re
from pathlib import PurePosixPath

from ingest.text.particulars.phrases import CODES, RULES, is_record
from rag.domain import MetadataValue
from rag.text.days import WRITTEN_DAY, read_day

STATUS = {
    "draft": re.compile(r"(?:^|[\W_])(?:draft|entwurf|borrador)(?:$|[\W_\d])", re.I),
    "withdrawn": re.compile(r"(?:^|[\W_])(?:withdrawn|obsolete|superseded)(?:$|[\W_])", re.I),
}
VERSION = re.compile(
    r"(?:^|[\W_])(?:v|rev|version)[-_.]?(\d{1,3}(?:[._]\d{1,3}){0,2})(?![\d])", re.I
)
DAY = re.compile(r"(?<!\d)(?:19|20)\d\d(?:-[01]\d(?:-[0-3]\d)?)?(?![\d-])")
LANGUAGE = re.compile(r"[-_.](de|en|es|fr|it|nl|pt)$", re.I)
ASIDE = re.compile(
    r"(?:archive[ds]?|old|former|superseded|current|drafts?|versions?|history|archiv|alt|v?[\d._-]+)",
    re.I,
)
"""Folders that part versions of one document from each other."""
WORDS = re.compile(r"[^\W\d_]+|\d+")
OF_A_VERSION = re.compile(
    r"\b(?:version|revision|edition|rev|ver|v|draft|final|withdrawn|obsolete|fassung|ausgabe"
    r"|entwurf|projet|borrador|versión|révision|édition)\b\.?(?:\s*\d+(?:\.\d+)*)?"
    r"|\bv\d+(?:\.\d+)*\b",
    re.I,
)


def read_file_name(name: str, title: str) -> dict[str, MetadataValue]:
    """Version, status, language and day that the name of a file tells.

    A year alone is the day of rules; of all else it is what they are about.
    """
    stem = PurePosixPath(name).stem
    found: dict[str, MetadataValue] = {}
    for status, pattern in STATUS.items():
        if pattern.search(stem):
            found["status"] = status
    if version := VERSION.search(stem):
        found["version"] = version[1].replace("_", ".")
    written = DAY.search(stem)
    day = read_day(written[0]) if written else None
    if day and day[0] and (len(day[0]) > len("2025") or _are_rules(stem, title)):
        found["date"] = day[0]
    return found


def _are_rules(stem: str, title: str) -> bool:
    return bool(RULES.search(f"{stem} {title}")) and not is_record(title)


def series_of(name: str, title: str) -> str:
    """What all versions of a document are called: its folder, and its title without version or day.

    Records of different days are no versions of one another.
    """
    path = PurePosixPath(name)
    folders = [each for each in path.parts[:-1] if not ASIDE.fullmatch(each)]
    known = title if title and title != path.stem else LANGUAGE.sub("", path.stem)
    plain = known.replace("_", " ")
    if not is_record(known):
        plain = WRITTEN_DAY.sub(" ", CODES.sub(" ", plain))
    plain = OF_A_VERSION.sub(" ", plain)
    words = " ".join(WORDS.findall(plain)).casefold()
    return "/".join([*folders, words])
