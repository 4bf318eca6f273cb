"""Pages of the web behind the guard of addresses, from a real TLS server on loopback."""

import gzip
import ipaddress
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import trustme

from ingest.adapters.guarded_web import MOST_BYTES, GuardedWeb, is_public
from ingest.sources.source import ScanOptions
from ingest.sources.web import look_at_page
from rag.errors import ExtractionFailed, SourceNotFound, UsageError

pytestmark = pytest.mark.slow

Reply = tuple[int, dict[str, str], bytes]


@dataclass
class Site:
    """What a server answers with, and the hosts it was asked for."""

    replies: dict[str, Reply] = field(default_factory=dict)
    hosts: list[str] = field(default_factory=list)
    slow: set[str] = field(default_factory=set)
    port: int = 0

    def page(self, path: str, body: bytes, **headers: str) -> None:
        self.replies[path] = (200, {key.replace("_", "-"): v for key, v in headers.items()}, body)


def handler_of(site: Site) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_HEAD(self) -> None:
            self.answer(with_body=False)

        def do_GET(self) -> None:
            self.answer(with_body=True)

        def answer(self, *, with_body: bool) -> None:
            site.hosts.append(self.headers["host"])
            status, headers, body = site.replies.get(self.path, (404, {}, b""))
            self.send_response(status)
            for key, value in {**headers, "connection": "close"}.items():
                self.send_header(key, value)
            self.end_headers()
            for at in range(0, len(body) if with_body else 0, 1 << 16):
                self.wfile.write(body[at : at + (1 << 16)])
                time.sleep(0.3 * (self.path in site.slow))

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    return Handler


@contextmanager
def serving(site: Site, authority: trustme.CA) -> Iterator[None]:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("docs.example").configure_cert(context)
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler_of(site))
    server.socket = context.wrap_socket(server.socket, server_side=True)
    server.handle_error = lambda request, address: None  # type: ignore[method-assign,assignment]
    site.port = server.server_port
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def site(authority: trustme.CA) -> Iterator[Site]:
    """A site that calls itself docs.example."""
    site = Site()
    with serving(site, authority):
        yield site


@pytest.fixture
def web(authority: trustme.CA) -> GuardedWeb:
    """A reader for which docs.example is at loopback, and loopback allowed."""
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    return GuardedWeb(
        resolve=lambda host, port: ["127.0.0.1" if host == "docs.example" else "10.0.0.1"],
        is_allowed=lambda address: address.is_loopback or is_public(address),
        trust=trust,
        total_s=1.0,
    )


def url(site: Site, path: str) -> str:
    return f"https://docs.example:{site.port}{path}"


def index_of(location: str) -> bytes:
    sitemap = f"<sitemap><loc>{location}</loc></sitemap>"
    return f"<sitemapindex>{sitemap}</sitemapindex>".encode()


def test_a_page_is_read_from_the_address_it_resolved_to(site: Site, web: GuardedWeb) -> None:
    site.page("/guide", b"<p>Dogs travel free.</p>", etag='"1"')
    root, [source] = look_at_page(url(site, "/guide#part"), ScanOptions(), web)
    assert (root, source.uri) == (url(site, "/guide"), url(site, "/guide"))
    assert source.name == f"docs.example:{site.port}/guide.html"
    assert web.read(source.uri) == b"<p>Dogs travel free.</p>"
    assert set(site.hosts) == {f"docs.example:{site.port}"}
    first = source.mtime_ns
    site.page("/guide", b"<p>Dogs travel free.</p>", etag='"2"')
    [changed] = look_at_page(url(site, "/guide"), ScanOptions(), web)[1]
    assert first != changed.mtime_ns > 0
    site.page("/guide", b"<p>Dogs travel free.</p>")
    [untold] = look_at_page(url(site, "/guide"), ScanOptions(), web)[1]
    assert untold.mtime_ns == -1


def test_a_sitemap_gives_the_pages_of_its_host_that_robots_leave(
    site: Site, web: GuardedWeb
) -> None:
    pages = "".join(
        f"<url><loc>{page}</loc><lastmod>2026-01-02</lastmod></url>"
        for page in (url(site, "/a"), url(site, "/secret/b"), "https://other.example/c", "/d.pdf")
    )
    site.page("/sitemap.xml", index_of(url(site, "/sitemap-1.xml.gz")))
    site.page("/sitemap-1.xml.gz", gzip.compress(f"<urlset>{pages}</urlset>".encode()))
    site.page("/robots.txt", b"User-agent: *\nDisallow: /secret/\n")
    _, sources = look_at_page(url(site, "/sitemap.xml"), ScanOptions(), web)
    assert [source.uri for source in sources] == [url(site, "/a"), url(site, "/d.pdf")]
    assert [source.name.rpartition("/")[2] for source in sources] == ["a.html", "d.pdf"]
    assert all(source.mtime_ns > 0 for source in sources)


def test_a_sitemap_that_is_hostile_is_refused(site: Site, web: GuardedWeb) -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><urlset>&b;</urlset>'
    for body in (bomb, b"not xml", b"<urlset></urlset>"):
        site.page("/sitemap.xml", body)
        with pytest.raises(SourceNotFound):
            look_at_page(url(site, "/sitemap.xml"), ScanOptions(), web)
    site.page("/sitemap.xml", index_of(url(site, "/sitemap.xml")))
    with pytest.raises(SourceNotFound, match="more than 50 sitemaps"):
        look_at_page(url(site, "/sitemap.xml"), ScanOptions(), web)


@pytest.mark.parametrize(
    ("target", "reason"),
    [
        ("https://inner.example/", "not public: 10.0.0.1"),
        ("http://docs.example/", "only https"),
        ("https://user:secret@docs.example/", "password"),
        ("file:///etc/passwd", "only https"),
        ("/self", "more than 5 redirects"),
    ],
)
def test_every_redirect_is_checked_again(
    site: Site, web: GuardedWeb, target: str, reason: str
) -> None:
    site.replies["/self"] = (302, {"location": target}, b"")
    with pytest.raises(ExtractionFailed, match=reason):
        web.read(url(site, "/self"))
    site.page("/here", b"x")
    site.replies["/there"] = (301, {"location": "/here"}, b"")
    assert web.read(url(site, "/there")) == b"x"


def test_what_is_large_slow_or_missing_is_given_up(site: Site, web: GuardedWeb) -> None:
    site.page("/large", bytes(MOST_BYTES + 1))
    site.page("/bomb", gzip.compress(bytes(MOST_BYTES + 1)), content_encoding="gzip")
    for path in ("/large", "/bomb"):
        with pytest.raises(ExtractionFailed, match="larger than 10 MB"):
            GuardedWeb(resolve=web._resolve, is_allowed=web._is_allowed, trust=web._trust).read(
                url(site, path)
            )
    site.page("/slow", bytes(1 << 20))
    site.slow.add("/slow")
    began = time.monotonic()
    with pytest.raises(ExtractionFailed):
        web.read(url(site, "/slow"))
    assert time.monotonic() - began < 60
    with pytest.raises(ExtractionFailed, match="the server says 404"):
        web.read(url(site, "/missing"))


def test_a_certificate_of_another_name_is_refused(site: Site, authority: trustme.CA) -> None:
    trust = ssl.create_default_context()
    authority.configure_trust(trust)
    reader = GuardedWeb(resolve=lambda *_: ["127.0.0.1"], is_allowed=lambda _: True, trust=trust)
    site.page("/a", b"x")
    with pytest.raises(ExtractionFailed, match="certificate"):
        reader.read(f"https://other.example:{site.port}/a")


@pytest.mark.parametrize(
    "address",
    [
        *("127.0.0.1", "10.1.2.3", "172.16.0.1", "192.168.1.1", "169.254.169.254", "0.0.0.0"),
        *("100.64.0.1", "192.0.0.1", "198.18.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"),
        *("::1", "::", "fe80::1", "fc00::1", "fd12::1", "ff02::1", "fec0::1", "2001:db8::1"),
        *("::ffff:127.0.0.1", "::ffff:10.0.0.1", "64:ff9b::7f00:1", "2002:7f00:1::", "2001::1"),
    ],
)
def test_addresses_that_are_not_public_are_refused(address: str) -> None:
    assert not is_public(ipaddress.ip_address(address))
    reader = GuardedWeb(resolve=lambda *_: ["8.8.8.8", address])
    with pytest.raises(ExtractionFailed, match="not public"):
        reader.read("https://host.example/")


def test_public_addresses_are_allowed() -> None:
    public = ("8.8.8.8", "1.1.1.1", "2606:4700::1111", "::ffff:8.8.8.8", "64:ff9b::808:808")
    assert all(is_public(ipaddress.ip_address(address)) for address in public)


@pytest.mark.parametrize("bad", ["http://docs.example/", "https:///x", "https://a:b@host/"])
def test_only_plain_https_urls_are_read(bad: str) -> None:
    with pytest.raises(UsageError):
        look_at_page(bad, ScanOptions())


def test_a_host_that_cannot_be_resolved_is_named(tmp_path: Path) -> None:
    def fail(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    resolvers: list[Callable[[str, int], list[str]]] = [fail, lambda *_: [], lambda *_: ["x"]]
    for resolve in resolvers:
        with pytest.raises(ExtractionFailed, match=r"host\.example"):
            GuardedWeb(resolve=resolve).fetch(
                "https://host.example/", tmp_path / "x", most_bytes=10
            )
