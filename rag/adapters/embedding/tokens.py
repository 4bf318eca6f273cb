"""How texts become the tokens that an encoder reads."""

from collections.abc import Sequence
from typing import Any, Protocol


class Tokenizer(Protocol):
    """The tokens of texts, without truncation."""

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, between its first and its last special one."""
        ...

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, special ones aside."""
        ...


class FileTokenizer:
    """A tokenizer of the library tokenizers, as a `tokenizer.json` describes it."""

    def __init__(self, tokenizer: Any) -> None:  # tokenizers ships no types
        self._tokenizer = tokenizer
        self._tokenizer.no_padding()
        self._tokenizer.no_truncation()

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """Tokens of each text, between its first and its last special one."""
        return [each.ids for each in self._tokenizer.encode_batch_fast(list(texts))]

    def count(self, texts: Sequence[str]) -> list[int]:
        """How many tokens each text has, special ones aside."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(each.ids) for each in encoded]
