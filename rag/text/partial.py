"""The end of a text that is still arriving, as far as it may yet become one of some words."""

from collections.abc import Collection


def unfinished_end(text: str, words: Collection[str]) -> int:
    """Length of the longest end of `text` that is the beginning of a word, in any case."""
    longest = max(map(len, words)) - 1
    lowered = text[-longest:].lower()
    for start in range(len(lowered)):
        if any(word.lower().startswith(lowered[start:]) for word in words):
            return len(lowered) - start
    return 0
