"""The web through a guard: https alone, public addresses alone, little, and not for long.

A name is resolved once and exactly that address is connected to, so that a second answer of the
resolver cannot lead elsewhere; every redirect goes through the same checks.
"""

import ipaddress
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urljoin, urlsplit

import httpx

from rag.errors import ExtractionFailed, UsageError

MOST_BYTES = 10_000_000
TOTAL_S = 15.0
MOST_REDIRECTS = 5
AGENT = "Plumbline"
NAT64 = ipaddress.ip_network("64:ff9b::/96")
Address = ipaddress.IPv4Address | ipaddress.IPv6Address


def is_public(address: Address) -> bool:
    """Whether an address, and any that is written inside it, belongs to the public internet."""
    if isinstance(address, ipaddress.IPv6Address):
        inner = address.ipv4_mapped or _in_nat64(address)
        if inner is not None:
            return is_public(inner)
        if address.teredo or address.is_site_local:
            return False
        if address.sixtofour is not None and not is_public(address.sixtofour):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def _in_nat64(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF) if address in NAT64 else None


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

    def check(self, url: str) -> None:
        """Raise UsageError unless a URL is https with a host and without credentials."""
        parts = urlsplit(url)
        if parts.scheme != "https" or not parts.hostname:
            raise UsageError(f"{url[:200]} is not read: only https:// pages are")
        if parts.username is not None or parts.password is not None:
            raise UsageError("a URL with a password is not read")

    def head(self, url: str) -> dict[str, str]:
        """What the server tells of a page's version; nothing where it does not answer to that."""
        try:
            with self._open("HEAD", url) as (response, _):
                wanted = ("etag", "last-modified", "content-length")
                told = {key: response.headers[key] for key in wanted if key in response.headers}
        except ExtractionFailed:
            return {}
        return {key.replace("last-modified", "lastmodified"): told[key] for key in told}

    def read(self, url: str) -> bytes:
        """A page's bytes. Raises ExtractionFailed."""
        with self._open("GET", url) as (response, deadline):
            content = b""
            for piece in response.iter_bytes():
                content += piece
                if len(content) > MOST_BYTES:
                    raise ExtractionFailed(f"larger than {MOST_BYTES // 1_000_000} MB")
                if time.monotonic() > deadline:
                    raise ExtractionFailed(f"not read within {self._total_s:.0f} s")
            return content

    def fetch(self, url: str, target: Path, *, most_bytes: int) -> None:
        """Write a page to a file. Raises ExtractionFailed."""
        content = self.read(url)
        if len(content) > most_bytes:
            raise ExtractionFailed(f"larger than {most_bytes // 1_000_000} MB")
        target.write_bytes(content)

    @contextmanager
    def _open(self, method: str, url: str) -> Iterator[tuple[httpx.Response, float]]:
        deadline = time.monotonic() + self._total_s
        try:
            for _ in range(MOST_REDIRECTS + 1):
                with self._send(method, url, deadline) as response:
                    if not response.is_redirect:
                        if response.status_code != httpx.codes.OK:
                            raise ExtractionFailed(f"the server says {response.status_code}")
                        yield response, deadline
                        return
                    url = urljoin(url, response.headers.get("location", ""))
            raise ExtractionFailed(f"more than {MOST_REDIRECTS} redirects")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError) as error:
            raise ExtractionFailed(f"cannot be read: {type(error).__name__}: {error}") from error

    @contextmanager
    def _send(self, method: str, url: str, deadline: float) -> Iterator[httpx.Response]:
        parts = urlsplit(url)
        try:
            self.check(url)
            port = parts.port or 443
        except (UsageError, ValueError) as error:
            raise ExtractionFailed(str(error)) from error
        host = parts.hostname or ""
        address = self._choose_address(host, port)
        shown = f"[{address}]" if address.version == 6 else str(address)
        target = parts._replace(netloc=f"{shown}:{port}", fragment="").geturl()
        timeout = httpx.Timeout(max(0.1, deadline - time.monotonic()))
        headers = {"host": parts.netloc, "user-agent": AGENT, "accept-encoding": "identity"}
        with (
            httpx.Client(verify=self._trust, trust_env=False, timeout=timeout) as client,
            client.stream(
                method, target, headers=headers, extensions={"sni_hostname": host}
            ) as response,
        ):
            yield response

    def _choose_address(self, host: str, port: int) -> Address:
        try:
            found = [
                ipaddress.ip_address(text.partition("%")[0]) for text in self._resolve(host, port)
            ]
        except (OSError, ValueError, UnicodeError) as error:
            raise ExtractionFailed(f"{host[:80]} cannot be resolved") from error
        if not found:
            raise ExtractionFailed(f"{host[:80]} has no address")
        for address in found:
            if not self._is_allowed(address):
                raise ExtractionFailed(f"{host[:80]} has an address that is not public: {address}")
        return found[0]
