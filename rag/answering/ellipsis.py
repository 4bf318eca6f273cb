"""Questions that say only what is new ("And for administrators?") put into the one before them.

A rule of English word order: the new words take the place of what they stand beside in kind, so
that the old topic is not searched for again.
"""

import re

from rag.answering.english import (
    AUXILIARIES,
    BASE_VERBS,
    DETERMINERS,
    LEAD,
    PREPOSITIONS,
    QUESTION_WORDS,
    STAND_INS,
    is_content,
    is_name,
    is_participle,
    singular,
)

TOKEN = re.compile(r"[^\s?!.,;:]+")
MAX_WORDS = 7

Place = tuple[int, int]
"""Words `[start, end)` of a question."""


def fill_in(earlier: str, last: str) -> str | None:
    """`earlier` with the words of `last` in the place of those they replace, None where unsure."""
    new = TOKEN.findall(LEAD.sub("", last.strip()))
    old = TOKEN.findall(earlier)
    if not new or not old or not _is_fragment(new):
        return None
    inner = next((at for at in range(2, len(new)) if _is_preposition(new[at])), 0)
    if inner and (rest := _put(old, new[inner:])):
        return _ask(_put(rest, new[:inner]) or rest)
    put = _put(old, new)
    return _ask(put) if put else None


def _ask(words: list[str]) -> str:
    question = " ".join(words)
    return question[:1].upper() + question[1:] + "?"


def _put(old: list[str], new: list[str]) -> list[str] | None:
    place = _find_place(old, new)
    if place is None:
        return None
    start, end = place
    replaced, put = old[start:end], list(new)
    if len(put) > 1 and _is_preposition(put[0]) and not _is_preposition(replaced[0]):
        del put[0]
    if replaced[0].lower() in DETERMINERS and put[0].lower() not in DETERMINERS | PREPOSITIONS:
        start += 1
    return [*old[:start], *put, *old[end:]]


def _is_preposition(word: str) -> bool:
    return word.lower() in PREPOSITIONS - {"of"}


def _is_fragment(words: list[str]) -> bool:
    lower = [word.lower() for word in words]
    return (
        len(words) <= MAX_WORDS
        and lower[0] not in QUESTION_WORDS | AUXILIARIES
        and not (AUXILIARIES | STAND_INS).intersection(lower)
        and (any(map(is_content, words)) or is_name(words))
    )


def _find_place(old: list[str], new: list[str]) -> Place | None:
    preposition = new[0].lower() if _is_preposition(new[0]) and len(new) > 1 else ""
    phrase = new[1:] if preposition else new
    return (
        _same_head(old, phrase)
        or (_same_preposition(old, preposition, phrase) if preposition else None)
        or (_name(old) if is_name(phrase) else None)
        or (None if preposition else _counted(old, phrase) or _subject(old))
    )


def _same_head(old: list[str], phrase: list[str]) -> Place | None:
    """The words around the noun that both name: "parental leave" for "sick leave"."""
    head = singular(phrase[-1])
    if is_name(phrase) and len(phrase) > 1:  # "Route 3": the word is before the number
        head = singular(phrase[0]) if phrase[-1].isdigit() else head
    for at in range(len(old) - 1, 0, -1):
        if singular(old[at]) != head or not is_content(old[at]):
            continue
        end = at + 2 if phrase[-1].isdigit() and at + 1 < len(old) else at + 1
        start = at
        while start > 1 and is_content(old[start - 1]):
            start -= 1
        return start, end
    return None


def _same_preposition(old: list[str], preposition: str, phrase: list[str]) -> Place | None:
    """The phrase that begins with the same word, or the number in it where a number comes."""
    starts = [at for at, word in enumerate(old) if word.lower() == preposition]
    if not starts or (starts[-1] == 0 and len(old) < 3):
        return None
    start = end = starts[-1]
    end += 1
    while end < len(old) and not _ends_phrase(old[end]):
        end += 1
    if any(map(_is_number, phrase)):
        numbers = [at for at in range(start + 1, end) if _is_number(old[at])]
        start = numbers[0] if numbers else start
    return start, end


def _ends_phrase(word: str) -> bool:
    lower = word.lower()
    return _is_preposition(word) or lower in AUXILIARIES | BASE_VERBS


def _is_number(word: str) -> bool:
    return word[0].isdigit() or word.lower() in {"one", "two", "three", "four", "five", "ten"}


def _name(old: list[str]) -> Place | None:
    """The last name of the question, with its article."""
    end = next((at + 1 for at in range(len(old) - 1, 0, -1) if is_name([old[at]])), 0)
    start = end
    while start > 1 and is_name([old[start - 1]]):
        start -= 1
    if start > 1 and old[start - 1].lower() in DETERMINERS:
        start -= 1
    return (start, end) if start < end else None


def _counted(old: list[str], phrase: list[str]) -> Place | None:
    """The noun after "how many", where a plural comes."""
    is_plural = len(phrase) == 1 and phrase[0].endswith("s")
    if not is_plural or [word.lower() for word in old[:2]] != ["how", "many"] or len(old) < 4:
        return None
    return (2, 3) if is_content(old[2]) else None


def _subject(old: list[str]) -> Place | None:
    """The noun between the auxiliary and the verb."""
    places = [at for at, word in enumerate(old) if word.lower() in AUXILIARIES]
    if not places:
        return None
    start = end = places[0] + 1
    if end < len(old) and old[end].lower() in DETERMINERS:
        end += 1
    first = end
    while end < len(old) and is_content(old[end]) and old[end].lower() not in BASE_VERBS:
        end += 1
    if end - first > 1 and is_participle(old[end - 1]):
        end -= 1
    return (start, end) if first < end else None
