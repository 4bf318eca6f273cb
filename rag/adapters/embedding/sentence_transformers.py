"""The embedder: a sentence-transformers model or a packaged one."""

import threading
from collections.abc import Sequence
from functools import cached_property, lru_cache
from pathlib import Path
from typing import Literal, Protocol

import numpy as np

from rag.adapters.embedding.tokens import FileTokenizer
from rag.adapters.embedding.weights import (
    NO_PREFIXES,
    Prefixes,
    choose_precision,
    choose_prefixes,
    fingerprint_of,
    locate_weights,
)
from rag.errors import EmbedderError
from rag.ports import Vectors

BATCH = 8  # measured in bfloat16: 99 chunks/s with 8, 84 with 32
KEPT_ENCODERS = 2  # those of the packaged pair, which several parts of the product share
PAD_TOKENS = 32  # few lengths: peak memory .87 GB in a large ingestion, 1.59 GB without


class Encoder(Protocol):
    """Turns texts into vectors of any length."""

    @property
    def window(self) -> int:
        """Tokens of a text that count, special tokens included."""
        ...

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and without truncation."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector for each text, float32, in the order of `texts`."""
        ...

    def encode_each(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, no vector depending on the other texts, be it by a rounding."""
        ...


class LibraryEncoder:
    """Any model that the sentence-transformers library can load."""

    def __init__(self, folder: Path, *, is_bfloat16: bool) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        # torch's fused attention is slow in bfloat16 on a CPU: 84 chunks/s against 99 without it
        options = {"attn_implementation": "eager"} if is_bfloat16 else {}
        try:
            model = SentenceTransformer(str(folder), model_kwargs=options)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise EmbedderError(f"embedder {folder} cannot be loaded: {error}") from error
        self._model = model.to(torch.bfloat16) if is_bfloat16 else model

    @property
    def window(self) -> int:
        """Tokens of a text that count, special tokens included."""
        return int(self._model.max_seq_length or 512)

    @cached_property
    def _tokenizer(self) -> FileTokenizer:
        """The fast tokenizer behind transformers' wrapper, a copy that cuts nothing."""
        from tokenizers import Tokenizer  # type: ignore[import-untyped]  # ships no types

        return FileTokenizer(Tokenizer.from_str(self._model.tokenizer.backend_tokenizer.to_str()))

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and without truncation."""
        return self._tokenizer.count(texts)

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector for each text, float32, in the order of `texts`."""
        # few different lengths keep torch's kernels few: 0.7 GB resident instead of 1.1 GB
        padding = {} if self.window % PAD_TOKENS else {"pad_to_multiple_of": PAD_TOKENS}
        raw = self._model.encode(
            list(texts),
            batch_size=BATCH,
            convert_to_numpy=True,
            show_progress_bar=False,
            processing_kwargs={"text": padding},
        )
        return np.asarray(raw, dtype=np.float32).reshape(len(texts), -1)

    def encode_each(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, one text after the other."""
        return np.concatenate([self.encode([text]) for text in texts])


@lru_cache(maxsize=KEPT_ENCODERS)
def load_encoder(weights: Path, *, is_bfloat16: bool) -> Encoder:
    """The quickest encoder of a model in a folder or a file, one for all who ask.

    Raises EmbedderError.
    """
    if weights.is_file():
        from rag.adapters.embedding.nano_e5 import load_nano_e5

        return load_nano_e5(weights, is_bfloat16=is_bfloat16)
    from rag.adapters.embedding.bert_folder import load_folder, read_shape

    shape = read_shape(weights)
    if shape is None:
        return LibraryEncoder(weights, is_bfloat16=is_bfloat16)
    return load_folder(weights, shape, is_bfloat16=is_bfloat16)


class SentenceTransformersEmbedder:
    """Embeds and counts tokens with one model; calls from several threads take turns."""

    def __init__(
        self,
        name: str,
        *,
        precision: Literal["auto", "fp32", "bfloat16"],
        prefixes: Prefixes = NO_PREFIXES,
    ) -> None:
        self.fingerprint = fingerprint_of(name, precision, prefixes)
        self._lock = threading.Lock()
        self._prefixes = choose_prefixes(name, prefixes)
        is_bfloat16 = choose_precision(precision) == "bfloat16"
        self._encoder = load_encoder(locate_weights(name), is_bfloat16=is_bfloat16)

    @cached_property
    def max_tokens(self) -> int:
        """The window less the two special tokens and the prefix of passages."""
        return self._encoder.window - 2 - self.count_tokens([self._prefixes.document])[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and without truncation."""
        return self._encoder.count_tokens(texts)

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, in the order of `texts`; batches are sorted by length inside."""
        with self._lock:
            return _unit(self._encoder.encode([self._prefixes.document + each for each in texts]))

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, in the order of `texts`, each as if it were embedded alone."""
        questions = [self._prefixes.query + each for each in texts]
        with self._lock:
            return _unit(self._encoder.encode_each(questions))

    def for_sentences(self, question: str) -> "SentenceTransformersEmbedder":
        """Itself."""
        return self


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise EmbedderError("the embedder gave a vector that is zero or not finite")
    return np.ascontiguousarray(vectors / norms, dtype=np.float32)
