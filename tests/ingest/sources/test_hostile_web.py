"""Servers that drip, lie or break off, and sitemaps that lead astray."""

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import trustme

from ingest.adapters.guarded_web import GuardedWeb
from ingest.runs.adding import add
from ingest.sources.source import Scan, ScanOptions
from ingest.sources.web import MOST_PAGES, look_at_page
from rag.errors import ExtractionFailed, SourceNotFound, UsageError
from tests.ingest.corpora import SmallCorpus
from tests.ingest.sources.test_web import Site, serving, url

pytestmark = pytest.mark.slow

HEADERS = b"HTTP/1.1 200 OK\r\nconnection: close\r\n"


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def site(authority: trustme.CA) -> Iterator[Site]:
    """A site that calls itself docs.example."""
    site = Site()
    with serving(site, authority):
        yield site


def reader(authority: trustme.CA, total_s: float = 2.0) -> GuardedWeb:
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    return GuardedWeb(
        resolve=lambda *_: ["127.0.0.1"],
        is_allowed=lambda address: address.is_loopback,
        trust=trust,
        total_s=total_s,
    )


@pytest.fixture
def web(authority: trustme.CA) -> GuardedWeb:
    """A reader for which every host is at loopback."""
    return reader(authority)


@pytest.fixture
def raw_port(authority: trustme.CA) -> Iterator[Callable[[Callable[[ssl.SSLSocket], None]], int]]:
    """Starts a TLS server that answers its one connection as it is told, and gives its port."""
    threads: list[threading.Thread] = []

    def start(answer: Callable[[ssl.SSLSocket], None]) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("docs.example").configure_cert(context)
        listener = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            with listener:
                connection, _ = listener.accept()
                with context.wrap_socket(connection, server_side=True) as stream:
                    try:
                        stream.recv(65536)
                        answer(stream)
                    except OSError:
                        return

        threads.append(threading.Thread(target=serve))
        threads[-1].start()
        return int(listener.getsockname()[1])

    yield start
    for thread in threads:
        thread.join(10)


def drip(piece: bytes, head: bytes) -> Callable[[ssl.SSLSocket], None]:
    def answer(stream: ssl.SSLSocket) -> None:
        stream.sendall(head)
        for _ in range(40):
            stream.sendall(piece)
            time.sleep(0.05)

    return answer


@pytest.mark.parametrize(
    "answer",
    [
        drip(b"x", b"HTTP/1.1 200 OK\r\nx-endless: "),
        drip(b"x", HEADERS + b"\r\n"),
        drip(b"", b""),
    ],
)
def test_a_server_that_drips_is_cut_off_and_gives_no_half_page(
    authority: trustme.CA,
    raw_port: Callable[[Callable[[ssl.SSLSocket], None]], int],
    answer: Callable[[ssl.SSLSocket], None],
) -> None:
    began = time.monotonic()
    with pytest.raises(ExtractionFailed, match="not read within 1 s"):
        reader(authority, 0.6).read(f"https://docs.example:{raw_port(answer)}/")
    assert time.monotonic() - began < 20


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n64\r\nhalf",
        b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: close\r\n\r\nnot gzip",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: https://[::1\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: https://x:99999/\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nlocation: \xff\xfe://\r\ncontent-length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n",
        b"",
    ],
)
def test_an_answer_that_is_cut_or_nonsense_is_a_reason(
    web: GuardedWeb, raw_port: Callable[[Callable[[ssl.SSLSocket], None]], int], answer: bytes
) -> None:
    port = raw_port(lambda stream: stream.sendall(answer))
    with pytest.raises(ExtractionFailed):
        web.read(f"https://docs.example:{port}/")


@pytest.mark.parametrize("bad", ["https://[::1", "https://x:y/", "https://host:99999/", "https://"])
def test_what_is_no_url_is_refused(bad: str) -> None:
    with pytest.raises(UsageError):
        look_at_page(bad, ScanOptions())


def test_a_page_that_is_gone_or_cannot_be_asked_for_changes_nothing(
    site: Site, web: GuardedWeb
) -> None:
    with pytest.raises(SourceNotFound, match="the server says 404"):
        look_at_page(url(site, "/gone"), ScanOptions(), web)
    with pytest.raises(SourceNotFound, match="cannot be read"):
        look_at_page("https://docs.example:1/", ScanOptions(), web)
    site.replies["/busy"] = (503, {}, b"")
    [source] = look_at_page(url(site, "/busy"), ScanOptions(), web)[1]
    assert source.mtime_ns == -1


@pytest.mark.parametrize(
    ("path", "media_type", "name"),
    [
        ("/a.pdf?v=1", "application/pdf", "/a.pdf?v=1.pdf"),
        ("/download?id=5", "application/pdf", "/download?id=5.pdf"),
        ("/v1.2", "text/html; charset=utf-8", "/v1.2.html"),
        ("/readme", "text/markdown", "/readme.md"),
        ("/", "", ".html"),
    ],
)
def test_a_page_is_read_as_what_its_server_says_it_is(
    site: Site, web: GuardedWeb, path: str, media_type: str, name: str
) -> None:
    site.page(path, b"x", content_type=media_type)
    [source] = look_at_page(url(site, path), ScanOptions(), web)[1]
    assert source.name == f"docs.example:{site.port}{name}"


def sitemap(*entries: str) -> bytes:
    return f"<urlset>{''.join(f'<url>{entry}</url>' for entry in entries)}</urlset>".encode()


def test_a_sitemap_leads_to_nothing_but_pages(site: Site, web: GuardedWeb) -> None:
    locations = ("/a#one", "/a#two", "", "https://[::1", "http://docs.example/b", "//other/c")
    entries = [f"<loc>{each}</loc>" for each in locations]
    site.page("/sitemap.xml", sitemap(*entries, "<lastmod>2026-01-01</lastmod>"))
    _, sources = look_at_page(url(site, "/sitemap.xml"), ScanOptions(), web)
    assert [source.uri for source in sources] == [url(site, "/a")]


def test_a_sitemap_of_too_many_pages_is_refused_however_it_is_split(
    site: Site, web: GuardedWeb
) -> None:
    half = MOST_PAGES // 2 + 1
    for part in range(2):
        pages = [f"<loc>/{part}/{number}</loc>" for number in range(half)]
        site.page(f"/sitemap-{part}.xml", sitemap(*pages))
    parts = "".join(f"<sitemap><loc>/sitemap-{part}.xml</loc></sitemap>" for part in range(2))
    site.page("/sitemap.xml", f"<sitemapindex>{parts}</sitemapindex>".encode())
    with pytest.raises(SourceNotFound, match="more than 10,000 pages"):
        look_at_page(url(site, "/sitemap.xml"), ScanOptions(), web)


def test_a_change_of_today_does_not_hide_a_later_one(site: Site, web: GuardedWeb) -> None:
    today = datetime.now(UTC).date()
    for moment, is_told in (
        (today.isoformat(), False),
        (today.isoformat()[:7], False),
        ((today - timedelta(days=3)).isoformat(), True),
        (f"{today.isoformat()}T00:00:00Z", True),
    ):
        site.page("/sitemap.xml", sitemap(f"<loc>/a</loc><lastmod>{moment}</lastmod>"))
        [source] = look_at_page(url(site, "/sitemap.xml"), ScanOptions(), web)[1]
        assert (source.mtime_ns >= 0) == is_told


def test_a_page_of_the_same_version_is_not_fetched_again(
    site: Site, web: GuardedWeb, tmp_path: Path
) -> None:
    corpus = SmallCorpus(tmp_path)
    site.page("/guide", b"<p>Dogs travel free.</p>", etag='"1"', content_type="text/html")

    def run() -> str:
        root, sources = look_at_page(url(site, "/guide"), ScanOptions(), web)
        report = add(corpus.folder, Scan((root,), tuple(sources)), corpus.setup())
        return next(iter(corpus.states(report).values()))

    assert run() == "indexed"
    asked = len(site.hosts)
    assert run() == "unchanged"
    assert len(site.hosts) == asked + 1
    site.page("/guide", b"<p>Cats travel free.</p>", etag='"2"', content_type="text/html")
    assert run() == "indexed"
