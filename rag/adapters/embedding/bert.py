"""BERT sentence encoders run layer by layer, in batches of a token budget.

The packaged model is one. Against the library's own loop this embeds passages 1.6 times as fast,
halves the time of a question and saves two seconds of imports; the vectors are the same up to
rounding. `docs/decisions/embedding-runtime.md` compares it with ONNX Runtime.
"""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file
from tokenizers import Tokenizer  # type: ignore[import-untyped]  # ships no types
from torch import Tensor
from torch.nn import functional

from rag.errors import EmbedderError
from rag.ports import Vectors

BATCH_TOKENS = 1024  # activations of this many tokens stay in the processor's cache
PAD_TOKENS_OF_QUESTIONS = 16  # more of the questions of a crowd have one length
PAD_TOKENS = 8  # few different lengths: torch keeps the kernels made for each
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

Affine = tuple[Tensor, Tensor]
"""Weight, shape `(out, in)`, or scale of a norm; and bias."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the forward pass of a BERT must know besides its weights."""

    layers: int
    heads: int
    width: int
    epsilon: float
    window: int


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


def _read(path: Path) -> Any:  # a model's settings, of any type
    try:
        return json.loads(path.read_text()) if path.is_file() else {}
    except ValueError as error:
        raise EmbedderError(f"{path} is damaged: install the model again") from error


def _read_tokenizer(path: Path) -> Any:  # tokenizers ships no types
    _read(path)  # from_file raises a bare Exception on a file that is not JSON
    tokenizer = Tokenizer.from_file(str(path))
    tokenizer.no_padding()
    return tokenizer


def _modules(folder: Path) -> list[tuple[str, str]]:
    modules = _read(folder / "modules.json")
    return [(each["type"].rpartition(".")[2], each["path"]) for each in modules]


@dataclass(frozen=True, slots=True)
class _Layer:
    query_key_value: Affine
    attended: Affine
    attended_norm: Affine
    wide: Affine
    narrow: Affine
    narrow_norm: Affine


class BertEncoder:
    """Mean of a BERT's last hidden states over each text, cut at the window; keeps no state."""

    def __init__(self, folder: Path, shape: Shape, *, is_bfloat16: bool) -> None:
        self._shape = shape
        self._kind = torch.bfloat16 if is_bfloat16 else torch.float32
        self._tokenizer = _read_tokenizer(folder / TOKENIZER)
        self._tokenizer.enable_truncation(shape.window)
        try:
            weights = load_file(folder / WEIGHTS)
            self._weights = {name.removeprefix("bert."): each for name, each in weights.items()}
            self._words = self._weights["embeddings.word_embeddings.weight"].to(self._kind)
            kinds = self._weights["embeddings.token_type_embeddings.weight"]
            self._places = self._weights["embeddings.position_embeddings.weight"] + kinds[0]
            self._norm = self._copy(self._affine("embeddings.LayerNorm"))
            self._layers = [self._layer(f"encoder.layer.{at}.") for at in range(shape.layers)]
        except (SafetensorError, KeyError, OSError) as error:
            raise EmbedderError(
                f"{folder / WEIGHTS} does not hold the weights of a BERT ({error}): "
                "install the model again"
            ) from error
        del self._weights

    @property
    def window(self) -> int:
        """Tokens of a text that count, special tokens included."""
        return self._shape.window

    @property
    def tokenizer_json(self) -> str:
        """The tokenizer, serialised."""
        return str(self._tokenizer.to_str())

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector of any length for each text, float32, in the order of `texts`.

        A text is padded by its own length alone, and only texts of one padded length go together,
        so that no vector depends on the other texts by more than a rounding.
        """
        return self._encode(texts, PAD_TOKENS, self._kind)

    def encode_each(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, in which no vector depends on the other texts; made for short ones.

        That is up to rounding: for bfloat16 some processors have other kernels for larger batches
        (cosine of a question alone and in a crowd at least .99999, to fp32 .99995).
        What is carried from layer to layer is kept in float32, which costs a few short texts
        nothing and makes them a third as wrong.
        """
        return self._encode(texts, PAD_TOKENS_OF_QUESTIONS, torch.float32)

    def _encode(self, texts: Sequence[str], pad_tokens: int, carried: torch.dtype) -> Vectors:
        encoded = self._tokenizer.encode_batch_fast(list(texts))
        tokens = [each.ids for each in encoded]
        vectors = np.empty((len(tokens), self._shape.width), dtype=np.float32)
        with torch.inference_mode():
            for rows, length in _batches([len(each) for each in tokens], pad_tokens):
                ids = np.zeros((len(rows), length), dtype=np.int64)
                is_token = np.zeros((len(rows), length), dtype=np.bool_)
                for at, row in enumerate(rows):
                    ids[at, : len(tokens[row])] = tokens[row]
                    is_token[at, : len(tokens[row])] = True
                known = torch.from_numpy(ids), torch.from_numpy(is_token)
                vectors[rows] = self._forward(*known, carried).numpy()
        return vectors

    def _forward(self, ids: Tensor, is_token: Tensor, carried: torch.dtype) -> Tensor:
        texts, length = ids.shape
        embedded = functional.embedding(ids, self._words) + self._places[:length]
        state = self._normalize(embedded, self._norm).to(carried).view(texts * length, -1)
        mask = None if bool(is_token.all()) else is_token[:, None, None, :]
        for layer in self._layers:
            asked = functional.linear(state.to(self._kind), *layer.query_key_value)
            seen = functional.linear(self._attend(asked, length, mask), *layer.attended)
            state = self._normalize(seen.to(carried).add_(state), layer.attended_norm)
            wide = functional.gelu(functional.linear(state.to(self._kind), *layer.wide))
            said = functional.linear(wide, *layer.narrow)
            state = self._normalize(said.to(carried).add_(state), layer.narrow_norm)
        kept = state.view(texts, length, -1).float() * is_token[:, :, None]
        return kept.sum(1) / is_token.sum(1, keepdim=True)

    def _attend(self, state: Tensor, length: int, mask: Tensor | None) -> Tensor:
        heads = state.view(-1, length, 3, self._shape.heads, self._shape.width // self._shape.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return seen.transpose(1, 2).reshape(-1, self._shape.width)

    def _normalize(self, state: Tensor, norm: Affine) -> Tensor:
        return functional.layer_norm(state, (self._shape.width,), *norm, self._shape.epsilon)

    def _layer(self, name: str) -> _Layer:
        query, query_bias = self._affine(f"{name}attention.self.query")
        key, key_bias = self._affine(f"{name}attention.self.key")
        value, value_bias = self._affine(f"{name}attention.self.value")
        return _Layer(
            query_key_value=self._cast(
                (torch.cat([query, key, value]), torch.cat([query_bias, key_bias, value_bias]))
            ),
            attended=self._cast(self._affine(f"{name}attention.output.dense")),
            attended_norm=self._copy(self._affine(f"{name}attention.output.LayerNorm")),
            wide=self._cast(self._affine(f"{name}intermediate.dense")),
            narrow=self._cast(self._affine(f"{name}output.dense")),
            narrow_norm=self._copy(self._affine(f"{name}output.LayerNorm")),
        )

    def _affine(self, name: str) -> Affine:
        return self._weights[f"{name}.weight"], self._weights[f"{name}.bias"]

    def _copy(self, affine: Affine) -> Affine:
        """In float32, and not a part of the file, which would stay in memory whole."""
        return affine[0].clone(), affine[1].clone()

    def _cast(self, affine: Affine) -> Affine:
        return affine[0].to(self._kind), affine[1].to(self._kind)


def _batches(lengths: Sequence[int], pad_tokens: int) -> Iterator[tuple[list[int], int]]:
    """Rows of one padded length with that length, longest first."""
    padded = [-(-length // pad_tokens) * pad_tokens for length in lengths]
    by_length = sorted(range(len(lengths)), key=lambda row: -padded[row])
    for length, group in groupby(by_length, key=lambda row: padded[row]):
        rows = list(group)
        most = max(1, BATCH_TOKENS // length)
        yield from ((rows[at : at + most], length) for at in range(0, len(rows), most))
