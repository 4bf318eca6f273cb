"""Tokens of a text, estimated the same for every model."""

from rag.text.normalization import LETTER_WITHOUT_SPACES

CHARACTERS_A_TOKEN = 4  # OpenAI's rule of thumb for English; in scripts without spaces it is one


def estimate_tokens(text: str) -> float:
    """About how many tokens a chat model makes of `text`."""
    letters = 0 if text.isascii() else len(LETTER_WITHOUT_SPACES.findall(text))
    return letters + (len(text) - letters) / CHARACTERS_A_TOKEN
