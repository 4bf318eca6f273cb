"""Pages of the web, or all that a sitemap names, each behind the guard of addresses."""

import zlib
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path, PurePosixPath
from urllib.parse import urldefrag, urljoin, urlsplit
from urllib.robotparser import RobotFileParser
from xml.etree.ElementTree import ParseError

from defusedxml import DefusedXmlException  # type: ignore[import-untyped]  # ships no types
from defusedxml.ElementTree import fromstring  # type: ignore[import-untyped]  # as above

from ingest.adapters.guarded_web import GuardedWeb
from ingest.formats.table import EXTRACTORS
from ingest.sources.remote import version_number
from ingest.sources.source import ScanOptions, Source, printable
from rag.errors import ExtractionFailed, SourceNotFound

MOST_PAGES = 10_000  # chosen: more is a crawl, which is a job of its own
MOST_SITEMAPS = 50  # chosen: an index may name others, and those again
MOST_SITEMAP_BYTES = 50_000_000  # the most that sitemaps.org allows one
GZIP = b"\x1f\x8b"
SUFFIXES = {form.media_type: suffix for suffix, form in EXTRACTORS.items()} | {
    "text/html": ".html",
    "text/plain": ".txt",
    "text/markdown": ".md",
}


def look_at_page(
    url: str, options: ScanOptions, web: GuardedWeb | None = None
) -> tuple[str, list[Source]]:
    """A page as the only source of its root, or the pages of a sitemap on the same host.

    Raises UsageError for what is not https, SourceNotFound for what cannot be read.
    """
    reader = web or GuardedWeb()
    root = str(reader.check(url).copy_with(fragment=None))
    try:
        if not _is_sitemap(root):
            return root, [_describe(reader, root, root, reader.head(root))]
        pages = _allowed(reader, root, _read_sitemaps(reader, root))
    except ExtractionFailed as error:
        raise SourceNotFound(f"{printable(root)}: {error}") from error
    if not pages:
        raise SourceNotFound(f"{printable(root)} names no page of its host")
    chosen = [page for page in sorted(pages) if options.selection.takes_file(_name(page, ""))]
    about = {page: _told_of_change(pages[page]) for page in chosen}
    return root, [_describe(reader, page, root, about[page]) for page in chosen]


def _is_sitemap(url: str) -> bool:
    name = PurePosixPath(urlsplit(url).path).name.lower()
    return "sitemap" in name and name.endswith((".xml", ".xml.gz"))


def _told_of_change(moment: str) -> dict[str, str]:
    """What a sitemap tells; a day or month that may not be over does not fix a version."""
    yesterday = (datetime.now(UTC) - timedelta(days=1)).date().isoformat()
    if "T" not in moment and moment >= yesterday[: len(moment)]:
        return {}
    return {"last-modified": moment}


def _describe(web: GuardedWeb, url: str, root: str, about: dict[str, str]) -> Source:
    media_type = about.get("content-type", "").partition(";")[0].strip().lower()
    name = _name(url, media_type)
    return Source(
        uri=url,
        root=root,
        path=Path(name),
        name=printable(name),
        mtime_ns=version_number(about),
        fetch=partial(web.fetch, url),
    )


def _name(url: str, media_type: str) -> str:
    """Host, path and query, ending in the suffix by which the page is read."""
    parts = urlsplit(url)
    path = parts.path.rstrip("/")
    suffix = PurePosixPath(path).suffix.lower()
    if suffix not in EXTRACTORS:
        suffix = SUFFIXES.get(media_type, ".html")
    name = f"{parts.netloc}{path}" + (f"?{parts.query}" if parts.query else "")
    return name if name.lower().endswith(suffix) else name + suffix


def _read_sitemaps(web: GuardedWeb, root: str) -> dict[str, str]:
    """The pages of its host that a sitemap names, or the sitemaps that it names.

    Each with the time of its last change, or nothing. Raises ExtractionFailed.
    """
    pages: dict[str, str] = {}
    sitemaps = [root]
    for url in sitemaps:  # which grows meanwhile
        try:
            tree = fromstring(_unpacked(web.read(url)))
        except (ParseError, DefusedXmlException, ValueError, LookupError) as error:
            raise ExtractionFailed(f"not a sitemap: {error}"[:200]) from error
        is_index = tree.tag.rpartition("}")[2] == "sitemapindex"
        for entry in tree:
            told = {child.tag.rpartition("}")[2]: (child.text or "").strip() for child in entry}
            page = _join(url, told.get("loc", ""))
            if not page or urlsplit(page)[:2] != urlsplit(root)[:2]:
                continue
            if is_index:
                sitemaps.append(page)
            else:
                pages[page] = told.get("lastmod", "")
        if len(sitemaps) > MOST_SITEMAPS:
            raise ExtractionFailed(f"more than {MOST_SITEMAPS} sitemaps")
        if len(pages) > MOST_PAGES:
            raise ExtractionFailed(f"a sitemap of more than {MOST_PAGES:,} pages")
    return pages


def _join(base: str, location: str) -> str:
    """Where a location leads, without the part of the page, or nowhere."""
    try:
        return urldefrag(urljoin(base, location)).url if location else ""
    except ValueError:
        return ""


def _unpacked(raw: bytes) -> bytes:
    if not raw.startswith(GZIP):
        return raw
    try:
        whole = zlib.decompressobj(zlib.MAX_WBITS | 16).decompress(raw, MOST_SITEMAP_BYTES + 1)
    except zlib.error as error:
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
