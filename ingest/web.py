"""Pages of the web, or all that a sitemap names, each behind the guard of addresses."""

import gzip
import zlib
from collections.abc import Iterator
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import urljoin, urlsplit, urlunsplit
from urllib.robotparser import RobotFileParser
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]  # ships no types
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]  # as above

from ingest.adapters.web import GuardedWeb
from ingest.extraction import EXTRACTORS
from ingest.remote import version_number
from ingest.sources import ScanOptions, Source, printable
from rag.errors import ExtractionFailed, SourceNotFound

MOST_PAGES = 10_000
MOST_SITEMAPS = 50
MOST_SITEMAP_BYTES = 50_000_000
GZIP = b"\x1f\x8b"


def look_at_page(
    url: str, options: ScanOptions, web: GuardedWeb | None = None
) -> tuple[str, list[Source]]:
    """A page as the only source of its root, or the pages of a sitemap on the same host.

    Raises UsageError for what is not https, SourceNotFound for what cannot be read.
    """
    reader = web or GuardedWeb()
    root = urlunsplit(urlsplit(url)._replace(fragment=""))
    try:
        reader.check(root)
        if not _is_sitemap(root):
            return root, [_describe(reader, root, root, reader.head(root), options)]
        pages = _allowed(reader, root, dict(_read_sitemap(reader, root, [MOST_SITEMAPS])))
    except ExtractionFailed as error:
        raise SourceNotFound(f"{printable(url)}: {error}") from error
    if not pages:
        raise SourceNotFound(f"{printable(url)} names no page of its host")
    about = {page: {"lastmodified": moment} for page, moment in pages.items()}
    chosen = [page for page in sorted(about) if options.selection.takes_file(_name(page))]
    return root, [_describe(reader, page, root, about[page], options) for page in chosen]


def _is_sitemap(url: str) -> bool:
    name = PurePosixPath(urlsplit(url).path).name.lower()
    return "sitemap" in name and name.endswith((".xml", ".xml.gz"))


def _describe(
    web: GuardedWeb, url: str, root: str, about: dict[str, str], options: ScanOptions
) -> Source:
    return Source(
        uri=url,
        root=root,
        path=Path(_name(url)),
        name=printable(_name(url)),
        mtime_ns=version_number(about),
        stamp=options.labels.stamp,
        labels=options.labels,
        fetch=partial(web.fetch, url),
    )


def _name(url: str) -> str:
    """Host and path, with the suffix of a web page where the path has none that is known."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/") + (f"?{parts.query}" if parts.query else "")
    is_known = PurePosixPath(path).suffix.lower() in EXTRACTORS
    return f"{parts.netloc}{path}" + ("" if is_known else ".html")


def _read_sitemap(web: GuardedWeb, url: str, left: list[int]) -> Iterator[tuple[str, str]]:
    """Pages with the time of their last change, sitemaps in sitemaps included."""
    left[0] -= 1
    if left[0] < 0:
        raise ExtractionFailed(f"more than {MOST_SITEMAPS} sitemaps")
    try:
        tree = fromstring(_unpacked(web.read(url)))
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise ExtractionFailed(f"not a sitemap: {error}"[:200]) from error
    host = urlsplit(url).netloc
    for count, entry in enumerate(tree):
        told = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in entry}
        page = urljoin(url, told.get("loc", ""))
        if count >= MOST_PAGES:
            raise ExtractionFailed(f"a sitemap of more than {MOST_PAGES:,} pages")
        if urlsplit(page)[:2] != ("https", host):
            continue
        if tree.tag.rpartition("}")[2] == "sitemapindex":
            yield from _read_sitemap(web, page, left)
        else:
            yield page, told.get("lastmod", "")


def _unpacked(raw: bytes) -> bytes:
    if not raw.startswith(GZIP):
        return raw
    try:
        whole = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, MOST_SITEMAP_BYTES + 1)
    except (zlib.error, gzip.BadGzipFile) as error:
        raise ExtractionFailed(f"not a sitemap: {error}") from error
    if len(whole) > MOST_SITEMAP_BYTES:
        raise ExtractionFailed(f"a sitemap of more than {MOST_SITEMAP_BYTES:,} bytes")
    return whole


def _allowed(web: GuardedWeb, root: str, pages: dict[str, str]) -> dict[str, str]:
    """The pages that the host's robots.txt leaves to everybody."""
    robots = RobotFileParser()
    try:
        rules = web.read(urljoin(root, "/robots.txt")).decode(errors="replace")
    except ExtractionFailed:
        return pages
    robots.parse(rules.splitlines())
    return {page: moment for page, moment in pages.items() if robots.can_fetch("Plumbline", page)}
