"""BERT sentence encoders run layer by layer, in batches of a token budget.

The packaged models are such. Against the library's own loop this embeds passages 1.6 times as
fast, halves the time of a question and saves two seconds of imports; the vectors are the same up
to rounding. `docs/decisions/embedding-runtime.md` compares it with ONNX Runtime.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

from rag.adapters.embedding.tokens import Tokenizer
from rag.ports import Vectors

BATCH_TOKENS = 1024  # activations of this many tokens stay in the processor's cache
# Attention over a length that no 16 divides takes half as long again (232 tokens: 2.8 us each, 240:
# 1.9 us), and torch keeps the kernels made for each length.
FEW = 4  # measured: waking a second thread in every layer takes longer than it saves below
PAD_TOKENS = 16
PACKING = ("_is_mkldnn_bf16_supported", "_reorder_linear_weight", "_linear_pointwise")

Affine = tuple[Tensor, Tensor]
"""Weight, shape `(out, in)`, or scale of a norm; and bias."""
Linear = Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class Shape:
    """What the forward pass of a BERT must know besides its weights."""

    layers: int
    heads: int
    width: int
    epsilon: float
    window: int


@dataclass(frozen=True, slots=True)
class Bert:
    """A BERT as it is stored, however that is.

    `find` gives a weight by the name that transformers has for it, float32. `find_words` gives the
    rows of the word table, which may be far larger than all the rest.
    """

    shape: Shape
    tokenizer: Tokenizer
    find: Callable[[str], Tensor]
    find_words: Callable[[Tensor], Tensor]


@dataclass(frozen=True, slots=True)
class _Layer:
    query_key_value: Linear
    attended: Linear
    attended_norm: Affine
    wide: Linear
    narrow: Linear
    narrow_norm: Affine


class BertEncoder:
    """Mean of a BERT's last hidden states over each text, cut at the window; keeps no state."""

    def __init__(self, bert: Bert, *, is_bfloat16: bool) -> None:
        self._shape = bert.shape
        self._kind = torch.bfloat16 if is_bfloat16 else torch.float32
        self._tokenizer = bert.tokenizer
        self._find_words = bert.find_words
        kinds = bert.find("embeddings.token_type_embeddings.weight")
        self._places = bert.find("embeddings.position_embeddings.weight") + kinds[0]
        self._norm = _copy(_affine(bert, "embeddings.LayerNorm"))
        self._layers = [
            _layer(bert, f"encoder.layer.{at}.", self._kind) for at in range(bert.shape.layers)
        ]

    @property
    def window(self) -> int:
        """Tokens of a text that count, special tokens included."""
        return self._shape.window

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and without truncation."""
        return self._tokenizer.count(texts)

    def pieces(self, words: Sequence[str]) -> list[list[int]]:
        """The tokens of each word alone, without special ones."""
        return [ids[1:-1] for ids in self._tokenizer.encode(words)]

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector of any length for each text, float32, in the order of `texts`.

        A text is padded by its own length alone, and only texts of one padded length go together,
        so that no vector depends on the other texts by more than a rounding.
        """
        return self._encode(texts, self._kind)

    def encode_each(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, in which no vector depends on the other texts; made for short ones.

        That is up to rounding: for bfloat16 some processors have other kernels for larger batches
        (cosine of a question alone and in a crowd at least .99999, to fp32 .99995).
        What is carried from layer to layer is kept in float32, which costs a few short texts
        nothing and makes them a third as wrong.
        """
        with _threads(1 if len(texts) <= FEW else torch.get_num_threads()):
            return self._encode(texts, torch.float32)

    def encode_words(self, texts: Sequence[Sequence[str]]) -> list[Vectors]:
        """For each text, given as words without spaces, one unit vector a word.

        That is the mean over the word's pieces, read in their sentence; a text longer than the
        window is read in parts. A word of no piece has a vector of zeros.
        """
        distinct = list(dict.fromkeys(word for words in texts for word in words))
        pieces = dict(zip(distinct, self.pieces(distinct), strict=True))
        first, last = self._tokenizer.encode([""])[0]
        parts = [part for words in texts for part in _parts(words, pieces, self.window - 2)]
        tokens = [[first, *(id_ for word in part for id_ in pieces[word]), last] for part in parts]
        found: dict[int, Vectors] = {}
        for rows, states, _ in self._run(tokens, self._kind):
            for row, state in zip(rows, states.numpy(), strict=True):
                found[row] = _average(state, [len(pieces[word]) for word in parts[row]])
        none = np.empty((0, self._shape.width), dtype=np.float32)
        every = np.concatenate([none, *(found[row] for row in range(len(parts)))])
        ends = np.cumsum([len(words) for words in texts])
        return [every[end - len(words) : end] for end, words in zip(ends, texts, strict=True)]

    def _encode(self, texts: Sequence[str], carried: torch.dtype) -> Vectors:
        tokens = [_cut(each, self.window) for each in self._tokenizer.encode(texts)]
        vectors = np.empty((len(tokens), self._shape.width), dtype=np.float32)
        for rows, states, is_token in self._run(tokens, carried):
            kept = states * is_token[:, :, None]
            vectors[rows] = (kept.sum(1) / is_token.sum(1, keepdim=True)).numpy()
        return vectors

    def _run(
        self, tokens: Sequence[Sequence[int]], carried: torch.dtype
    ) -> Iterator[tuple[list[int], Tensor, Tensor]]:
        """Rows of `tokens`, their last hidden states in float32, and what of them is no padding."""
        with torch.inference_mode():
            for rows, length in _batches([len(each) for each in tokens]):
                ids = np.zeros((len(rows), length), dtype=np.int64)
                is_token = np.zeros((len(rows), length), dtype=np.bool_)
                for at, row in enumerate(rows):
                    ids[at, : len(tokens[row])] = tokens[row]
                    is_token[at, : len(tokens[row])] = True
                known = torch.from_numpy(is_token)
                yield rows, self._forward(torch.from_numpy(ids), known, carried), known

    def _forward(self, ids: Tensor, is_token: Tensor, carried: torch.dtype) -> Tensor:
        texts, length = ids.shape
        embedded = self._find_words(ids) + self._places[:length]
        state = self._normalize(embedded, self._norm).to(carried).view(texts * length, -1)
        mask = None if bool(is_token.all()) else is_token[:, None, None, :]
        for layer in self._layers:
            asked = layer.query_key_value(state.to(self._kind))
            seen = layer.attended(self._attend(asked, length, mask))
            state = self._normalize(seen.to(carried).add_(state), layer.attended_norm)
            wide = functional.gelu(layer.wide(state.to(self._kind)))
            said = layer.narrow(wide)
            state = self._normalize(said.to(carried).add_(state), layer.narrow_norm)
        return state.view(texts, length, -1).float()

    def _attend(self, state: Tensor, length: int, mask: Tensor | None) -> Tensor:
        heads = state.view(-1, length, 3, self._shape.heads, self._shape.width // self._shape.heads)
        query, key, value = heads.permute(2, 0, 3, 1, 4)
        seen = functional.scaled_dot_product_attention(query, key, value, attn_mask=mask)
        return seen.transpose(1, 2).reshape(-1, self._shape.width)

    def _normalize(self, state: Tensor, norm: Affine) -> Tensor:
        return functional.layer_norm(state, (self._shape.width,), *norm, self._shape.epsilon)


def _layer(bert: Bert, name: str, kind: torch.dtype) -> _Layer:
    def linear(*parts: str) -> Linear:
        weights, biases = zip(*(_affine(bert, f"{name}{part}") for part in parts), strict=True)
        return _linear(torch.cat(weights).to(kind), torch.cat(biases).to(kind))

    asked = [f"attention.self.{part}" for part in ("query", "key", "value")]
    return _Layer(
        query_key_value=linear(*asked),
        attended=linear("attention.output.dense"),
        attended_norm=_copy(_affine(bert, f"{name}attention.output.LayerNorm")),
        wide=linear("intermediate.dense"),
        narrow=linear("output.dense"),
        narrow_norm=_copy(_affine(bert, f"{name}output.LayerNorm")),
    )


def _linear(weight: Tensor, bias: Tensor) -> Linear:
    """A linear layer; its weights once and for all in the order in which the processor wants them.

    The operators for that are not public: where torch has none, it goes without.
    """
    ops = torch.ops.mkldnn
    is_packable = all(hasattr(ops, name) for name in PACKING) and ops._is_mkldnn_bf16_supported()
    if weight.dtype != torch.bfloat16 or not is_packable:
        return lambda state: functional.linear(state, weight, bias)
    packed = ops._reorder_linear_weight(weight)
    return lambda state: ops._linear_pointwise(state, packed, bias, "none", [], "")


def _affine(bert: Bert, name: str) -> Affine:
    return bert.find(f"{name}.weight"), bert.find(f"{name}.bias")


def _copy(affine: Affine) -> Affine:
    """In float32, and not a part of the file, which would stay in memory whole."""
    return affine[0].clone(), affine[1].clone()


def _parts(
    words: Sequence[str], pieces: Mapping[str, Sequence[int]], most: int
) -> Iterator[Sequence[str]]:
    """The words in order, each part of at most so many pieces or of one word."""
    start = size = 0
    for at, word in enumerate(words):
        if size and size + len(pieces[word]) > most:
            yield words[start:at]
            start, size = at, 0
        size += len(pieces[word])
    yield words[start:]


def _average(state: Vectors, sizes: Sequence[int]) -> Vectors:
    """Unit vectors of words of so many pieces each, the first after the special token."""
    vectors = np.zeros((len(sizes), state.shape[1]), dtype=np.float32)
    start = 1
    for row, size in enumerate(sizes):
        if size and start < len(state):
            mean = state[start : start + size].mean(axis=0)
            vectors[row] = mean / np.linalg.norm(mean)
        start += size
    return vectors


def _cut(tokens: list[int], window: int) -> list[int]:
    """At most `window` of the tokens, the special one at the end among them."""
    return tokens if len(tokens) <= window else [*tokens[: window - 1], tokens[-1]]


@contextmanager
def _threads(number: int) -> Iterator[None]:
    """Compute with so many threads, those of the caller."""
    before = torch.get_num_threads()
    torch.set_num_threads(number)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _batches(lengths: Sequence[int]) -> Iterator[tuple[list[int], int]]:
    """Rows of one padded length with that length, longest first."""
    padded = [-(-length // PAD_TOKENS) * PAD_TOKENS for length in lengths]
    by_length = sorted(range(len(lengths)), key=lambda row: -padded[row])
    for length, group in groupby(by_length, key=lambda row: padded[row]):
        rows = list(group)
        most = max(1, BATCH_TOKENS // length)
        yield from ((rows[at : at + most], length) for at in range(0, len(rows), most))
