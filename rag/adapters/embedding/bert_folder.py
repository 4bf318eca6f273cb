"""A BERT in a folder of sentence-transformers: its shape, tokenizer and weights."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer  # type: ignore[import-untyped]  # ships no types
from torch import Tensor
from torch.nn import functional

from rag.adapters.embedding.bert import Bert, BertEncoder, Shape
from rag.adapters.embedding.tokens import FileTokenizer
from rag.errors import EmbedderError

WEIGHTS = "model.safetensors"
TOKENIZER = "tokenizer.json"
SETTINGS = ("config.json", "sentence_bert_config.json", "1_Pooling/config.json")
PLAIN_MODULES = (
    [("Transformer", ""), ("Pooling", "1_Pooling")],
    [("Transformer", ""), ("Pooling", "1_Pooling"), ("Normalize", "2_Normalize")],
)
PLAIN_CONFIG = {
    "model_type": ("bert",),
    "hidden_act": ("gelu",),
    "position_embedding_type": (None, "absolute"),
    "is_decoder": (None, False),
}


def read_shape(folder: Path) -> Shape | None:
    """The shape of a plain BERT with mean pooling, or None: then only the library can run it.

    Raises EmbedderError when a file of settings is damaged.
    """
    if not all((folder / name).is_file() for name in (WEIGHTS, TOKENIZER, *SETTINGS)):
        return None
    config, sentences, pooling = (_read(folder / name) for name in SETTINGS)
    prompts = _read(folder / "config_sentence_transformers.json")
    modes = {name for name, used in pooling.items() if name.startswith("pooling_mode_") and used}
    is_plain = (
        _modules(folder) in PLAIN_MODULES
        and all(config.get(name) in values for name, values in PLAIN_CONFIG.items())
        and modes == {"pooling_mode_mean_tokens"}
        and "max_seq_length" in sentences
        and not sentences.get("do_lower_case")
        and not prompts.get("default_prompt_name")
    )
    if not is_plain:
        return None
    return Shape(
        layers=config["num_hidden_layers"],
        heads=config["num_attention_heads"],
        width=config["hidden_size"],
        epsilon=config["layer_norm_eps"],
        window=sentences["max_seq_length"],
    )


def load_folder(folder: Path, shape: Shape, *, is_bfloat16: bool) -> BertEncoder:
    """The BERT of that shape in `folder`. Raises EmbedderError when a file is damaged."""
    tokenizer = FileTokenizer(_read_tokenizer(folder / TOKENIZER))
    try:
        stored = load_file(folder / WEIGHTS)
        weights = {name.removeprefix("bert."): each for name, each in stored.items()}
        words = weights["embeddings.word_embeddings.weight"]
        table = words.to(torch.bfloat16 if is_bfloat16 else torch.float32)
        bert = Bert(shape, tokenizer, weights.__getitem__, partial(_find_rows, table))
        return BertEncoder(bert, is_bfloat16=is_bfloat16)
    except (SafetensorError, KeyError, OSError) as error:
        raise EmbedderError(
            f"{folder / WEIGHTS} does not hold the weights of a BERT ({error}): "
            "install the model again"
        ) from error


def _find_rows(table: Tensor, ids: Tensor) -> Tensor:
    return functional.embedding(ids, table)


def _read(path: Path) -> Any:  # a model's settings, of any type
    try:
        return json.loads(path.read_text()) if path.is_file() else {}
    except ValueError as error:
        raise EmbedderError(f"{path} is damaged: install the model again") from error


def _read_tokenizer(path: Path) -> Any:  # tokenizers ships no types
    _read(path)  # from_file raises a bare Exception on a file that is not JSON
    return Tokenizer.from_file(str(path))


def _modules(folder: Path) -> list[tuple[str, str]]:
    modules = _read(folder / "modules.json")
    return [(each["type"].rpartition(".")[2], each["path"]) for each in modules]
