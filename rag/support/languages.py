"""Whether a text is English, by its most frequent words and its script."""

import re
from functools import lru_cache

WORD = re.compile(r"[^\W\d_]+")
ENGLISH = frozenset(
    re.findall(
        r"\S+",
        "the of and to in a is that it for was on are with as be at by from this have not but had "
        "has they which or you were all their been one we there when who will more no if can an "
        "per",
    )
)
OTHERS = frozenset(
    re.findall(
        r"\S+",
        "der die das und den von zu mit sich des auf für ist im dem nicht ein eine als auch es an "
        "werden aus er hat dass sie nach wird bei einer um am sind noch wie einem über einen le "
        "la les de et un une du est que qui dans pour par sur au avec ne se pas sont plus ce il "
        "ou aux el los las y en del por con para su al lo como más o sus una son di che per non "
        "gli della nel dei delle alla sono het een van dat op te zijn voor met niet aan om ook "
        "maar bij a in on no was all wurde haben seit wer wenn nur kein keine vom zum zur ont été "
        "chez chaque tout toute sous leur leurs entre desde hasta todos cada ser está hay este "
        "esta chi da dal dalla dell dall ai sul sulla nella nelle ogni ha hanno era erano viene "
        "vengono fra tra wordt worden werd onze ons uit door heeft hebben naar hun deze dit tot",
    )
)
LATIN = "\u024f"  # the last letter of Latin Extended-B
ACCENTED = re.compile(r"[à-öø-ÿœ]")
FOREIGN_LETTERS = 0.3  # share of letters of another script; chosen

KEPT_TEXTS = 1024  # chosen: the claims and passages of lately


@lru_cache(maxsize=KEPT_TEXTS)
def is_english(text: str) -> bool:
    """True also where nothing tells, as in a text of names and numbers."""
    written: list[str] = WORD.findall(text)
    words = [word.lower() for word in written]
    letters = "".join(words)
    if letters and sum(letter > LATIN for letter in letters) > FOREIGN_LETTERS * len(letters):
        return False
    others = sum(word in OTHERS and word not in ENGLISH for word in words)
    others += sum(word.islower() and bool(ACCENTED.search(word)) for word in written)
    return others <= sum(word in ENGLISH and word not in OTHERS for word in words)
