"""Language identification by py3langid's own model, which its package carries."""

from collections.abc import Callable, Sequence

from py3langid.langid import (  # type: ignore[import-untyped]  # it ships no types
    MODEL_FILE,
    LanguageIdentifier,
)


def load_identifier(codes: Sequence[str]) -> Callable[[str], tuple[str, float]]:
    """A function from a text to the likeliest of the ISO 639 `codes` and its probability."""
    identifier = LanguageIdentifier.from_model_file(MODEL_FILE, norm_probs=True)
    identifier.set_languages(codes)

    def identify(text: str) -> tuple[str, float]:
        code, probability = identifier.classify(text)
        return str(code), float(probability)

    return identify
