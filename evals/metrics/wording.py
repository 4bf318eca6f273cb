"""How much of a reference answer's content an answer holds, by its words and numbers."""

import re

TOKEN = re.compile(r"\d+(?:[.,:]\d+)*|[^\W\d_]+(?:['’][^\W\d_]+)*")
GROUPED = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?")
NUMBER_WORDS = {
    word: str(number)
    for number, word in enumerate(
        TOKEN.findall("zero one two three four five six seven eight nine ten eleven twelve")
    )
}
STOP_WORDS = frozenset(
    TOKEN.findall(
        "a about after all also an and any are as at be been before but by can could did do does "
        "for from had has have he her his how i if in into is it its may more must no nor not of "
        "on only or other our out over own per shall she should so some such than that the their "
        "them then there these they this those to under up was we were what when where which while "
        "who whose why will with would you your"
    )
)


def content_tokens(text: str) -> set[str]:
    """Distinct words without stop words, lower-case, and numbers in one form (`1,000` = `1000`)."""
    words = (_normal(token) for token in TOKEN.findall(text.casefold()))
    return {word for word in words if word not in STOP_WORDS}


def containment(reference: str, answer: str) -> float | None:
    """Share of the reference's content tokens that the answer holds; None if it has none."""
    wanted = content_tokens(reference)
    return len(wanted & content_tokens(answer)) / len(wanted) if wanted else None


def number_containment(reference: str, answer: str) -> float | None:
    """The same for the reference's numbers alone."""
    wanted = {token for token in content_tokens(reference) if token[0].isdigit()}
    return len(wanted & content_tokens(answer)) / len(wanted) if wanted else None


def _normal(token: str) -> str:
    if GROUPED.fullmatch(token):
        return token.replace(",", "")
    word = NUMBER_WORDS.get(token, token)
    return word.removesuffix("'s").removesuffix("’s")
