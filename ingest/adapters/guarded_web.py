"""The web through a guard: https alone, public addresses alone, little, and not for long.

A name is resolved once and exactly that address is connected to, so that a second answer of the
resolver cannot lead elsewhere; every redirect goes through the same checks.
"""

import ipaddress
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Self

import httpx

from rag.errors import SourceUnreadable, UsageError

MOST_BYTES = 10_000_000  # chosen: a page, not a download
TOTAL_S = 15.0  # chosen: a page that is slower is not read
MOST_REDIRECTS = 5  # chosen: as httpx and browsers give up at 20, real pages need 3
AGENT = "Plumbline"
NAT64 = ipaddress.ip_network("64:ff9b::/96")
GONE = (404, 410)  # of HTTP: not found, gone
TOLD = ("etag", "last-modified", "content-type")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


class Refused(SourceUnreadable):
    """The server answered, but not with the page."""

    def __init__(self, status: int) -> None:
        super().__init__(f"the server says {status}")
        self.status = status


def is_public(address: Address) -> bool:
    """Whether an address, and any that is written inside it, belongs to the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped:
            return is_public(address.ipv4_mapped)
        if address in NAT64:
            return is_public(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if address.teredo or address.is_site_local:
            return False
        if address.sixtofour is not None and not is_public(address.sixtofour):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def resolve(host: str, port: int) -> list[str]:
    """The addresses of a host, in the resolver's order."""
    return [str(found[4][0]) for found in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


class GuardedWeb:
    """Reads pages. The resolver, the guard and the trust in certificates can be replaced."""

    def __init__(
        self,
        *,
        resolve: Callable[[str, int], list[str]] = resolve,
        is_allowed: Callable[[Address], bool] = is_public,
        trust: ssl.SSLContext | None = None,
        total_s: float = TOTAL_S,
    ) -> None:
        self._resolve = resolve
        self._is_allowed = is_allowed
        self._trust = trust or ssl.create_default_context()
        self._total_s = total_s

    def check(self, url: str) -> httpx.URL:
        """The parsed URL. Raises UsageError unless it is https with a host and no credentials."""
        try:
            parsed = httpx.URL(url)
        except httpx.InvalidURL as error:
            raise UsageError(f"{shorten(url)} is not a URL: {error}") from error
        if parsed.scheme != "https" or not parsed.host:
            raise UsageError(f"{shorten(url)} is not read: only https:// pages are")
        if parsed.userinfo:
            raise UsageError("a URL with a password is not read")
        return parsed

    def head(self, url: str) -> dict[str, str]:
        """What the server tells of a page; nothing if it does not answer to such a question.

        Raises SourceUnreadable where there is no such page, or no such server.
        """
        try:
            with self._open("HEAD", url) as response:
                return {key: response.headers[key] for key in TOLD if key in response.headers}
        except Refused as error:
            if error.status in GONE:
                raise
            return {}

    def read(self, url: str, most_bytes: int = MOST_BYTES) -> bytes:
        """A page's bytes. Raises SourceUnreadable."""
        pieces: list[bytes] = []
        size = 0
        with self._open("GET", url) as response:
            for piece in response.iter_bytes():
                pieces.append(piece)
                size += len(piece)
                if size > most_bytes:
                    raise SourceUnreadable(f"larger than {most_bytes // 1_000_000} MB")
        return b"".join(pieces)

    def fetch(self, url: str, target: Path, *, most_bytes: int) -> None:
        """Write a page to a file. Raises SourceUnreadable."""
        target.write_bytes(self.read(url, min(most_bytes, MOST_BYTES)))

    @contextmanager
    def _open(self, method: str, url: str) -> Iterator[httpx.Response]:
        with _Deadline(self._total_s) as deadline:
            try:
                for _ in range(MOST_REDIRECTS + 1):
                    with self._send(method, url, deadline) as response:
                        if not response.is_redirect:
                            if response.status_code != httpx.codes.OK:
                                raise Refused(response.status_code)
                            yield response
                            deadline.check()
                            return
                        url = str(httpx.URL(url).join(response.headers.get("location", "")))
                raise SourceUnreadable(f"more than {MOST_REDIRECTS} redirects")
            except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
                deadline.check()
                raise SourceUnreadable(f"cannot be read: {_say(error)}") from error

    @contextmanager
    def _send(self, method: str, url: str, deadline: "_Deadline") -> Iterator[httpx.Response]:
        try:
            parsed = self.check(url)
        except UsageError as error:
            raise SourceUnreadable(str(error)) from error
        host, port = parsed.raw_host.decode("ascii"), parsed.port or 443
        address = self._choose_address(host, port)
        target = parsed.copy_with(host=str(address), port=port, fragment=None)
        headers = {
            "host": parsed.netloc.decode("ascii"),
            "user-agent": AGENT,
            "accept-encoding": "identity",
        }
        asked = {"sni_hostname": host, "trace": deadline.watch}
        timeout = httpx.Timeout(max(0.1, deadline.left_s()))
        with (
            httpx.Client(verify=self._trust, trust_env=False, timeout=timeout) as client,
            client.stream(method, target, headers=headers, extensions=asked) as response,
        ):
            yield response

    def _choose_address(self, host: str, port: int) -> Address:
        try:
            found = [
                ipaddress.ip_address(text.partition("%")[0]) for text in self._resolve(host, port)
            ]
        except (OSError, ValueError, UnicodeError) as error:
            raise SourceUnreadable(f"{host[:80]} cannot be resolved") from error
        if not found:
            raise SourceUnreadable(f"{host[:80]} has no address")
        for address in found:
            if not self._is_allowed(address):
                raise SourceUnreadable(f"{host[:80]} has an address that is not public: {address}")
        return found[0]


class _Deadline:
    """Cuts the connection when the time is over, since a timeout starts anew with every byte."""

    def __init__(self, total_s: float) -> None:
        self._total_s = total_s
        self._ends_at = time.monotonic() + total_s
        self._timer = threading.Timer(total_s, self._cut)
        self._timer.daemon = True
        self._socket: socket.socket | None = None

    def __enter__(self) -> Self:
        self._timer.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._timer.cancel()
        self._timer.join()

    def left_s(self) -> float:
        """Seconds until the end."""
        return self._ends_at - time.monotonic()

    def check(self) -> None:
        """Raise SourceUnreadable after the end: what was cut may look like a whole page."""
        if self.left_s() <= 0:
            raise SourceUnreadable(f"not read within {self._total_s:.0f} s")

    def watch(self, event: str, about: Mapping[str, Any]) -> None:
        """Take note of a connection when httpx tells that it was made."""
        if event in ("connection.connect_tcp.complete", "connection.start_tls.complete"):
            self._socket = about["return_value"].get_extra_info("socket")
            if self.left_s() <= 0:
                self._cut()

    def _cut(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def shorten(text: str) -> str:
    """The beginning of a text that came from elsewhere, what does not print as escapes."""
    return repr(text[:200])[1:-1]


def _say(error: Exception) -> str:
    return shorten(" ".join(f"{type(error).__name__}: {error}".split()))
