"""Each release is asked with the embedder that made it, whatever is set now."""

from dataclasses import replace

import pytest

from rag.adapters.memory.release import HashingEmbedder
from rag.errors import EmbedderError, ReleaseBroken
from rag.ports import Embedder
from rag.releases.embedders import Embedders, tell_precision
from tests.small_corpus import make_release

FINGERPRINTS = {"old": "old@1:fp32", "new": "new@2:bfloat16"}


class Named(HashingEmbedder):
    """An embedder of a given fingerprint."""

    def __init__(self, fingerprint: str) -> None:
        super().__init__()
        self.fingerprint = fingerprint


def shelf(configured: str, loaded: list[str]) -> Embedders:
    def fingerprint(name: str) -> str:
        if name not in FINGERPRINTS:
            raise EmbedderError(f"{name} is no folder")
        return FINGERPRINTS[name]

    def load(name: str) -> Embedder:
        loaded.append(name)
        return Named(fingerprint(name))

    return Embedders(configured, fingerprint=fingerprint, load=load)


MANIFEST = replace(
    make_release().manifest,
    embedder="old@1:bfloat16",
    embedder_precision="bfloat16",
    embedder_name="old",
)


def test_a_release_of_an_earlier_embedder_is_served_while_another_is_set() -> None:
    loaded: list[str] = []
    embedders = shelf("new", loaded)
    new = replace(MANIFEST, embedder="new@2:bfloat16", embedder_name="new")
    assert embedders.open(MANIFEST) is embedders.open(MANIFEST)
    assert embedders.open(new).fingerprint == "new@2:bfloat16"
    assert loaded == ["old", "new"]


def test_a_model_that_was_moved_is_the_same_model() -> None:
    embedders = shelf("old", [])
    moved = replace(MANIFEST, embedder_name="/where/it/was")
    assert embedders.open(moved).fingerprint == "old@1:fp32"


def test_an_embedder_that_is_not_to_be_had_is_said_with_what_to_do() -> None:
    gone = replace(MANIFEST, embedder="gone@3:fp32", embedder_name="gone")
    with pytest.raises(ReleaseBroken, match=r"gone is no folder.*RAG_EMBEDDER.*rebuild"):
        shelf("new", []).open(gone)


def test_another_precision_than_the_releases_is_said() -> None:
    note = tell_precision(MANIFEST, Named("old@1:fp32"))
    assert "embedded in bfloat16, questions are embedded in fp32" in note
    assert tell_precision(MANIFEST, Named("old@1:bfloat16")) == ""
