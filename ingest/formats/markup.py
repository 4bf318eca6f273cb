"""Markdown made from office files and web pages, cleaned so that its sentences can be quoted."""

import re
from collections.abc import Iterator
from html import unescape
from itertools import groupby

from ingest.formats.rows import describe_rows

IMAGE = re.compile(r"!\[([^\[\]\n]*)\]\((?:<[^<>\n]*>|[^()\s]*)\)")
LINK = re.compile(r"\[([^\[\]\n]*)\]\((?:<[^<>\n]*>|[^()\s<]*)\)")
EMPHASIS = re.compile(r"(?<!\\)\*\*([^*\n]+)\*\*")
ESCAPED = re.compile(r"\\([*_<>\[\]()~`.!{}+\-=|&$@^%'\",:;?/])")
CELL = re.compile(r"(?<!\\)\|")
RULE = re.compile(r"\|[-:| ]+\|?$")
WEB_TITLE = re.compile(r"<title[^<>]*>([^<]*)</title[^<>]*>", re.IGNORECASE)
WEB_METADATA = re.compile(r"<(?:meta|link|base)\b[^<>]*>", re.IGNORECASE)
WEB_CHARSET = re.compile(r"""charset\s{0,9}=\s{0,9}["']?([\w.:-]{1,40})""", re.IGNORECASE)


def clean_markdown(text: str) -> str:
    """`text` without images, link targets, bold marks and escapes, each table row a paragraph."""
    return "\n".join(_clean_lines(text.splitlines()))


def _clean_lines(lines: list[str]) -> Iterator[str]:
    for is_table, run in groupby(_mark_fences(lines), key=lambda pair: pair[1].startswith("|")):
        if is_table:
            rows = [_cells(line) for _, line in run if not RULE.match(line)]
            for row in describe_rows(rows):
                yield from (row, "")
        else:
            yield from (line if in_fence else _clean_line(line) for in_fence, line in run)


def _mark_fences(lines: list[str]) -> Iterator[tuple[bool, str]]:
    in_fence = False
    for line in lines:
        is_mark = line.lstrip().startswith("```")
        in_fence ^= is_mark
        if not (is_mark and not in_fence and line.strip() != "```"):
            yield in_fence or is_mark, line


def _cells(line: str) -> list[str]:
    cells = CELL.split(line.strip())[1:]
    closed = cells[:-1] if cells and not cells[-1] else cells
    return [_clean_line(cell.strip()) for cell in closed]


def _clean_line(line: str) -> str:
    without_images = IMAGE.sub(r"\1", line)
    without_links = LINK.sub(r"\1", without_images)
    return ESCAPED.sub(r"\1", EMPHASIS.sub(r"\1", without_links))


def declared_charset(raw: bytes) -> str:
    """The character set that a web page names in its first bytes, or nothing."""
    match = WEB_CHARSET.search(raw[:4096].decode("latin-1"))
    return match.group(1) if match else ""


def split_web_page(html: str) -> tuple[str, str]:
    """The title of a decoded page, and the page without what it says of itself in its head.

    kreuzberg would turn those tags, and a character set that is no longer true, into text.
    """
    title = WEB_TITLE.search(html)
    body = WEB_METADATA.sub("", WEB_TITLE.sub("", html))
    return " ".join(unescape(title.group(1)).split()) if title else "", body
