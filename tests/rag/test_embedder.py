"""The embedder's weights: found, hashed, and refused when they are not what they claim."""

from pathlib import Path

import pytest

from rag.adapters import sentence_transformers as adapter
from rag.adapters.sentence_transformers import (
    PACKAGED,
    PACKAGED_SHA256,
    choose_precision,
    fingerprint_of,
    hash_weights,
    locate_weights,
)
from rag.errors import EmbedderError


def test_the_packaged_weights_are_the_published_ones() -> None:
    assert hash_weights(locate_weights(PACKAGED)) == PACKAGED_SHA256
    assert fingerprint_of(PACKAGED, "fp32") == f"all-MiniLM-L6-v2@{PACKAGED_SHA256[:12]}:fp32"


def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    monkeypatch.setattr(adapter, "locate_weights", lambda name: tmp_path)
    with pytest.raises(EmbedderError, match="reinstall"):
        fingerprint_of(PACKAGED, "fp32")


def test_another_folder_has_another_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    assert fingerprint_of(str(tmp_path), "fp32").startswith(f"{tmp_path.name}@")


def test_a_folder_without_weights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="no model weights"):
        fingerprint_of(str(tmp_path), "fp32")


def test_precision_is_a_choice_of_the_machine_or_the_operator() -> None:
    assert choose_precision("fp32") == "fp32"
    assert choose_precision("auto") in ("fp32", "bfloat16")
