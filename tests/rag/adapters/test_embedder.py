"""The embedder: its weights checked, its vectors those of the library that defines the model."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rag.adapters.embedding import bert
from rag.adapters.embedding import weights as known
from rag.adapters.embedding.bert import BertEncoder
from rag.adapters.embedding.bert_folder import read_shape
from rag.adapters.embedding.sentence_transformers import (
    LibraryEncoder,
    SentenceTransformersEmbedder,
    load_encoder,
)
from rag.adapters.embedding.weights import (
    MINILM,
    PACKAGED,
    choose_precision,
    fingerprint_of,
    hash_weights,
    locate_weights,
)
from rag.errors import EmbedderError
from rag.ports import Vectors

TEXTS = [
    "",
    "ferry",
    "An adult pays 12.40 on the southern line; children under six travel free. " * 2,
    "Ångström, naïve, 東京 and 😀 stand side by side.",
    "The last boat leaves at ten. " * 90,
    "Tickets bought aboard cost more.",
]
WINDOW = 48


def make_model(folder: Path, **pooling: bool) -> Path:
    """A small BERT of random weights in the layout of sentence-transformers, mean pooling."""
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(5)
    config = BertConfig(  # type: ignore[no-untyped-call]  # transformers leaves them untyped
        hidden_size=64, num_hidden_layers=2, num_attention_heads=4, intermediate_size=96
    )
    BertModel(config).save_pretrained(folder)  # type: ignore[no-untyped-call]  # likewise
    for name in ("tokenizer.json", "tokenizer_config.json", "vocab.txt"):
        shutil.copy(locate_weights(MINILM) / name, folder)
    modes = {"pooling_mode_mean_tokens": True} | pooling
    write(folder / "1_Pooling" / "config.json", {"word_embedding_dimension": 64} | modes)
    write(folder / "sentence_bert_config.json", {"max_seq_length": WINDOW, "do_lower_case": False})
    kinds = [("", "Transformer"), ("1_Pooling", "Pooling")]
    write(
        folder / "modules.json",
        [
            {"idx": at, "name": str(at), "path": path, "type": f"sentence_transformers.models.{x}"}
            for at, (path, x) in enumerate(kinds)
        ],
    )
    return folder


def write(path: Path, content: object) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content))


def cosines(left: Vectors, right: Vectors) -> Vectors:
    lengths = np.linalg.norm(left, axis=1) * np.linalg.norm(right, axis=1)
    return np.asarray((left * right).sum(axis=1) / lengths)


def test_the_packaged_weights_are_the_published_ones() -> None:
    assert hash_weights(locate_weights(MINILM)) == PACKAGED[MINILM].sha256
    assert fingerprint_of(MINILM, "fp32") == "all-MiniLM-L6-v2@53aa51172d14:fp32"


def test_changed_weights_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    monkeypatch.setattr(known, "locate_weights", lambda name: tmp_path)
    with pytest.raises(EmbedderError, match="reinstall"):
        fingerprint_of(MINILM, "fp32")


def test_another_folder_has_another_fingerprint(tmp_path: Path) -> None:
    (tmp_path / "model.safetensors").write_bytes(b"other")
    assert fingerprint_of(str(tmp_path), "fp32").startswith(f"{tmp_path.name}@")


def test_a_folder_without_weights_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="no model weights"):
        fingerprint_of(str(tmp_path), "fp32")


def test_precision_is_a_choice_of_the_machine_or_the_operator() -> None:
    assert choose_precision("fp32") == "fp32"
    assert choose_precision("auto") in ("fp32", "bfloat16")


@pytest.mark.slow
@pytest.mark.parametrize(("is_bfloat16", "least"), [(False, 0.99999), (True, 0.999)])
def test_the_packaged_model_gives_the_vectors_of_the_library(
    is_bfloat16: bool, least: float
) -> None:
    folder = locate_weights(MINILM)
    ours = load_encoder(folder, is_bfloat16=is_bfloat16)
    assert isinstance(ours, BertEncoder)
    expected = LibraryEncoder(folder, is_bfloat16=False).encode(TEXTS)
    assert cosines(ours.encode(TEXTS), expected).min() > least


def test_a_bert_of_another_shape_gives_the_vectors_of_the_library(tmp_path: Path) -> None:
    folder = make_model(tmp_path)
    ours = load_encoder(folder, is_bfloat16=False)
    library = LibraryEncoder(folder, is_bfloat16=False)
    assert isinstance(ours, BertEncoder)
    assert ours.window == library.window == WINDOW
    assert np.abs(ours.encode(TEXTS) - library.encode(TEXTS)).max() < 1e-5


def test_a_text_has_the_same_vector_alone_and_among_others() -> None:
    embedder = SentenceTransformersEmbedder(MINILM, precision="fp32")
    together = embedder.embed_documents(TEXTS)
    alone = np.vstack([embedder.embed_queries([text]) for text in TEXTS])
    assert np.abs(together - alone).max() < 1e-5
    assert embedder.embed_documents([]).shape == (0, together.shape[1])


@pytest.fixture
def threads() -> Iterator[int]:
    """As many threads as a large machine has, whatever the tests run with."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    yield 3
    torch.set_num_threads(before)


@pytest.mark.parametrize("count", [1, bert.FEW, bert.FEW + 1])
def test_a_few_questions_are_encoded_by_one_thread(
    count: int, threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    encoder = load_encoder(make_model(tmp_path), is_bfloat16=False)
    assert isinstance(encoder, BertEncoder)
    used: list[int] = []
    find = encoder._find_words

    def find_words(ids: torch.Tensor) -> torch.Tensor:
        used.append(torch.get_num_threads())
        return find(ids)

    monkeypatch.setattr(encoder, "_find_words", find_words)
    encoder.encode_each(["ferry"] * count)
    assert set(used) == {1 if count <= bert.FEW else threads}
    assert torch.get_num_threads() == threads


def test_the_threads_are_given_back_when_encoding_fails(
    threads: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import torch

    encoder = load_encoder(make_model(tmp_path), is_bfloat16=False)
    assert isinstance(encoder, BertEncoder)

    def fail(ids: torch.Tensor) -> torch.Tensor:
        raise MemoryError(f"no memory with {torch.get_num_threads()} thread")

    monkeypatch.setattr(encoder, "_find_words", fail)
    with pytest.raises(MemoryError, match="with 1 thread"):
        encoder.encode_each(["ferry"])
    assert torch.get_num_threads() == threads


def test_without_packed_weights_the_vectors_are_the_same(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = make_model(tmp_path)
    packed = load_encoder(folder, is_bfloat16=True)
    monkeypatch.setattr(bert, "PACKING", ("an operator that torch has no more",))
    plain = load_encoder(folder, is_bfloat16=True)
    assert cosines(packed.encode(TEXTS), plain.encode(TEXTS)).min() > 0.9999


def test_a_model_with_another_pooling_is_run_by_the_library(tmp_path: Path) -> None:
    folder = make_model(tmp_path, pooling_mode_mean_tokens=False, pooling_mode_cls_token=True)
    assert read_shape(folder) is None
    assert isinstance(load_encoder(folder, is_bfloat16=False), LibraryEncoder)
    embedder = SentenceTransformersEmbedder(str(folder), precision="fp32")
    vectors = embedder.embed_documents(TEXTS)
    assert embedder.max_tokens == WINDOW - 2
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5


@pytest.mark.parametrize(
    ("file", "change"),
    [
        ("config.json", {"hidden_act": "relu"}),
        ("config.json", {"position_embedding_type": "relative_key"}),
        ("config.json", {"model_type": "roberta"}),
        ("sentence_bert_config.json", {"do_lower_case": True}),
        ("config_sentence_transformers.json", {"default_prompt_name": "query"}),
    ],
)
def test_what_is_not_a_plain_bert_is_left_to_the_library(
    tmp_path: Path, file: str, change: dict[str, object]
) -> None:
    folder = make_model(tmp_path)
    path = folder / file
    write(path, (json.loads(path.read_text()) if path.exists() else {}) | change)
    assert read_shape(folder) is None


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_model_is_one_clear_error(tmp_path: Path, file: str) -> None:
    folder = make_model(tmp_path)
    (folder / file).write_bytes((folder / file).read_bytes()[:100])
    with pytest.raises(EmbedderError, match="install the model again"):
        load_encoder(folder, is_bfloat16=False)


def test_weights_of_another_model_are_refused(tmp_path: Path) -> None:
    folder = make_model(tmp_path)
    config = json.loads((folder / "config.json").read_text())
    write(folder / "config.json", config | {"num_hidden_layers": 3})
    with pytest.raises(EmbedderError, match="does not hold the weights"):
        load_encoder(folder, is_bfloat16=False)
