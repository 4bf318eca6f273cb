"""Questions made from a release itself, to learn from what its searches look like.

A sentence is asked in two ways: by its rarest words, as who knows the documents types them, and
rephrased by rule, as who does not know them asks: its rarest words left out, since these are the
documents' own, and of the others every second replaced by a word from the text beside it.
"""

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass

from rag.domain import Chunk
from rag.releases.folder import OpenRelease
from rag.text.sentences import split_sentences

WORDS_ASKED = 4  # chosen: about the words that carry a short question
LONGEST_REPHRASED = 12  # chosen: about the words of a question in a whole sentence
SENTENCE_CHARACTERS = (40, 300)  # chosen: shorter ones are headings, longer ones tables
SEED = 17  # any: the same questions each time
WORD = re.compile(r"\w+")


@dataclass(frozen=True, slots=True)
class MadeQuestion:
    """A question about a sentence of `chunk`, in the `kind` of wording `words` or `rephrased`."""

    chunk: Chunk
    kind: str
    text: str


def make_questions(chunks: Sequence[Chunk], release: OpenRelease) -> list[MadeQuestion]:
    """Two questions about each chunk that has a fit sentence."""
    chance = random.Random(SEED)
    made = []
    for chunk in chunks:
        words = _draw_sentence(chunk, chance)
        rarity = [sum(release.lexical.term_weights(word).values()) for word in words]
        order = sorted(
            (at for at in range(len(words)) if rarity[at] > 0), key=lambda at: (-rarity[at], at)
        )
        asked = [words[at] for at in sorted(order[:WORDS_ASKED])]
        common = [words[at] for at in sorted(order[(len(order) + 1) // 2 :])]
        others = _words_beside(chunk, release, chance)
        rephrased = [
            others.pop() if number % 2 and others else word for number, word in enumerate(common)
        ][:LONGEST_REPHRASED]
        for kind, each in (("words", asked), ("rephrased", rephrased)):
            if each:
                made.append(MadeQuestion(chunk, kind, " ".join(each)))
    return made


def _draw_sentence(chunk: Chunk, chance: random.Random) -> list[str]:
    """The words of one sentence; none where there is no fit one."""
    short, long = SENTENCE_CHARACTERS
    spans = [s for s in split_sentences(chunk.text) if short <= s.end - s.start <= long]
    if not spans:
        return []
    span = chance.choice(spans)
    return WORD.findall(chunk.text[span.start : span.end])


def _words_beside(chunk: Chunk, release: OpenRelease, chance: random.Random) -> list[str]:
    """Words of the chunks before and after, in any order, that the chunk itself lacks."""
    ids = release.documents.neighbours([chunk.id]).get(chunk.id, ())
    own = set(release.lexical.analyze(chunk.embedded_text))
    words = {
        word
        for other, _ in release.documents.chunks(ids).values()
        for word in WORD.findall(other.text)
        if (terms := release.lexical.analyze(word)) and not own.intersection(terms)
    }
    return chance.sample(sorted(words), len(words))
