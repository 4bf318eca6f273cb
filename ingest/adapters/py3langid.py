"""Language identification by py3langid's own model, which its package carries."""

from collections.abc import Callable
from functools import cache

from py3langid.langid import (  # type: ignore[import-untyped]  # it ships no types
    MODEL_FILE,
    LanguageIdentifier,
)


@cache
def load_identifier(codes: tuple[str, ...]) -> Callable[[str], tuple[str, float]]:
    """A function from a text to the likeliest of the ISO 639 `codes` and its probability.

    Loading takes a third of a second, so it is done once for the same codes.
    """
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(codes)

    def identify(text: str) -> tuple[str, float]:
        code, probability = identifier.classify(text)
        return str(code), float(probability)

    return identify
