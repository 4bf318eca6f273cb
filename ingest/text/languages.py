"""The language of a corpus, told from a bounded sample of its texts, the same each time."""

from collections import defaultdict
from collections.abc import Iterable
from itertools import islice

from ingest.adapters.py3langid import load_identifier

DEFAULT = "english"
WITHOUT_RULES = "none"
NAMES = {
    "ar": "arabic",
    "da": "danish",
    "de": "german",
    "el": "greek",
    "en": "english",
    "es": "spanish",
    "fi": "finnish",
    "fr": "french",
    "hu": "hungarian",
    "it": "italian",
    "ja": "japanese",
    "ko": "korean",
    "nl": "dutch",
    "nn": "norwegian",
    "no": "norwegian",
    "pt": "portuguese",
    "ro": "romanian",
    "ru": "russian",
    "sv": "swedish",
    "ta": "tamil",
    "th": "thai",
    "tr": "turkish",
    "wuu": "chinese",
    "yue": "chinese",
    "zh": "chinese",
}
OTHERS = (
    *("be", "bg", "bn", "ca", "cs", "et", "fa", "he", "hi", "hr", "id", "is", "ka", "kk", "lt"),
    *("lv", "mk", "mr", "pl", "sk", "sl", "sr", "uk", "ur", "vi"),
)
MAX_TEXTS = 400
EXCERPTS = 3
EXCERPT_CHARACTERS = 600
LEAST_SURENESS = 0.5
LEAST_VOTES = 60.0
"""Letters times sureness that must speak for a language; one of Chinese says as much as three."""
DENSE = {"chinese", "japanese", "korean", "thai"}
DENSITY = 3.0


def detect_language(texts: Iterable[str], *, otherwise: str = DEFAULT) -> str:
    """The language that most of the first MAX_TEXTS texts are written in, by letters.

    One of the names that stemmers and stop words go by, "none" for a language without such rules,
    `otherwise` where the texts hold too little to tell.
    """
    samples = [
        (sample, _count_letters(sample)) for sample in map(_sample, islice(texts, MAX_TEXTS))
    ]
    if sum(letters for _, letters in samples) * DENSITY < LEAST_VOTES:
        return otherwise
    votes: dict[str, float] = defaultdict(float)
    identify = load_identifier((*NAMES, *OTHERS))
    for sample, letters in samples:
        code, sureness = identify(sample)
        if sureness >= LEAST_SURENESS:
            name = NAMES.get(code, WITHOUT_RULES)
            votes[name] += letters * sureness * (DENSITY if name in DENSE else 1.0)
    ranked = sorted(votes.items(), key=lambda pair: (-pair[1], pair[0]))
    return ranked[0][0] if ranked and ranked[0][1] >= LEAST_VOTES else otherwise


def _count_letters(text: str) -> int:
    return sum(character.isalpha() for character in text)


def _sample(text: str) -> str:
    """The text, or excerpts from its beginning, middle and end."""
    if len(text) <= EXCERPTS * EXCERPT_CHARACTERS:
        return text
    step = (len(text) - EXCERPT_CHARACTERS) // (EXCERPTS - 1)
    starts = [place * step for place in range(EXCERPTS)]
    return "\n".join(text[start : start + EXCERPT_CHARACTERS] for start in starts)
