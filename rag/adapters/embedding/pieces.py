"""The tokens of texts, as an encoder wants them."""

from collections.abc import Callable, Sequence
from typing import Any


class Pieces:
    """What a tokenizer makes of texts, once they are normalised."""

    def __init__(self, tokenizer: Any, normalize: Callable[[str], str] = str) -> None:
        self._tokenizer = tokenizer  # of the library tokenizers, which ships no types
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()
        self._normalize = normalize

    def count(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens."""
        return [len(ids) for ids in self._encode(texts, add_special_tokens=False)]

    def cut(self, texts: Sequence[str], window: int) -> list[list[int]]:
        """Tokens of each text between its two special ones, at most `window` in all."""
        whole = self._encode(texts, add_special_tokens=True)
        return [ids if len(ids) <= window else [*ids[: window - 1], ids[-1]] for ids in whole]

    def _encode(self, texts: Sequence[str], *, add_special_tokens: bool) -> list[list[int]]:
        normal = [self._normalize(text) for text in texts]
        encoded = self._tokenizer.encode_batch_fast(normal, add_special_tokens=add_special_tokens)
        return [each.ids for each in encoded]
