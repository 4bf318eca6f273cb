"""Answers without a chat model: what of the passages answers best, quoted and cited."""

from rag.answering.checking.citing import CitationList
from rag.answering.extracting.asking import Asked, read_question
from rag.answering.extracting.candidates import Candidate, find_candidates
from rag.answering.extracting.choosing import Part, choose, without_repeats
from rag.answering.extracting.scoring import Question, rank, weigh_terms
from rag.answering.extracting.wording import Writer
from rag.answering.turn import Draft, Turn, last_question
from rag.ports import Embedder


def answer_extractively(turn: Turn, embedder: Embedder) -> Draft:
    """The sentences, lists and rows of the passages that answer best, quoted and cited."""
    candidates = find_candidates(turn.search.passages, turn.release.documents)
    if not candidates:
        return Draft("abstained", "")
    asked = read_question(last_question(turn.conversation))
    parts: list[Part] = []
    for half in asked.halves:
        parts += _answer(turn, asked, half, candidates, embedder)
    lexical = turn.release.lexical
    wanted = frozenset(lexical.analyze(turn.search.query))
    writer = Writer(CitationList(turn.release), wanted, lexical.analyze)
    return writer.write(without_repeats(parts))


def _answer(
    turn: Turn, asked: Asked, half: str, candidates: list[Candidate], embedder: Embedder
) -> list[Part]:
    """The parts that answer one half of what is asked, or all of it."""
    lexical, standalone = turn.release.lexical, turn.search.query
    is_whole = half == asked.text
    question = Question(
        asked if is_whole else read_question(half),
        (standalone, half),
        weigh_terms(standalone, half, lexical),
        lexical,
    )
    return choose(question, rank(question, candidates, turn.search, embedder))
