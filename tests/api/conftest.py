"""A service over the small corpus, shared by the tests of a module."""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.serving import serving_small_corpus


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Base address of a service that answers without a chat model."""
    with serving_small_corpus(tmp_path_factory.mktemp("data")) as address:
        wait_until_ready(address)
        yield address


@pytest.fixture
def http(address: str) -> Iterator[httpx.Client]:
    """A client of that service."""
    with httpx.Client(base_url=address, timeout=10) as client:
        yield client


def wait_until_ready(address: str) -> None:
    """Return when `/readyz` says so; fails after about ten seconds."""
    transport = httpx.HTTPTransport(retries=3)
    with httpx.Client(base_url=address, transport=transport) as client:
        for _ in range(200):
            if client.get("/readyz").status_code == 200:
                return
            time.sleep(0.05)
    raise AssertionError("the service did not become ready")
