"""The vectors of single words, from the packaged MiniLM, which is on every machine."""

import math
import threading
from collections.abc import Sequence
from functools import cached_property

import numpy as np

from rag.adapters.embedding.bert import BertEncoder
from rag.adapters.embedding.sentence_transformers import load_encoder
from rag.adapters.embedding.weights import MINILM, choose_precision, fingerprint_of, locate_weights
from rag.errors import EmbedderError
from rag.ports import Vectors

FIRST_WORD = 1996  # of BERT's uncased vocabulary: "the", and from there on words by frequency
WORDS = 30_522 - FIRST_WORD  # size of that vocabulary; rarer words are taken to pieces
COMMON = 3.5  # logarithm of the rank of about the thirtieth word, below which none tells anything
LEAST = 0.1  # chosen: common words count a little


class MiniLMWords:
    """Word vectors of MiniLM's last layer; loaded at first use, shared with the embedder's own."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    @cached_property
    def name(self) -> str:
        """The model, its weights' hash and the precision."""
        return fingerprint_of(MINILM, "auto")

    @cached_property
    def _encoder(self) -> BertEncoder:
        is_bfloat16 = choose_precision("auto") == "bfloat16"
        encoder = load_encoder(locate_weights(MINILM), is_bfloat16=is_bfloat16)
        if not isinstance(encoder, BertEncoder):
            raise EmbedderError(f"the files of {MINILM} are incomplete: install the package again")
        return encoder

    def embed_words(self, texts: Sequence[Sequence[str]]) -> list[Vectors]:
        """For each text, given as words without spaces, one vector a word; zeros for no piece."""
        with self._lock:
            return self._encoder.encode_words(texts)

    def weigh_words(self, words: Sequence[str]) -> Vectors:
        """The logarithm of each word's rank in the vocabulary, which is sorted by frequency."""
        with self._lock:
            pieces = self._encoder.pieces(words)
        return np.array([_weigh(each) for each in pieces], dtype=np.float32)


def _weigh(pieces: Sequence[int]) -> float:
    if not pieces:
        return 0.0
    rank = pieces[0] - FIRST_WORD + 2 if len(pieces) == 1 else WORDS
    return max(LEAST, math.log(rank) - COMMON) if rank > 0 else LEAST
