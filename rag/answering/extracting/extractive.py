"""Answers without a chat model: what of the passages answers best, quoted and cited."""

from rag.answering.checking.citing import CitationList
from rag.answering.extracting.beside import add_beside, in_force, tell_apart
from rag.answering.extracting.candidates import Candidate, find_candidates, merge_lists
from rag.answering.extracting.choosing import Part, choose, without_repeats
from rag.answering.extracting.elsewhere import find_elsewhere
from rag.answering.extracting.intent import Asked, read_question
from rag.answering.extracting.scoring import Question, rank, weigh_terms
from rag.answering.extracting.wording import Writer
from rag.answering.turn import Draft, Turn, last_question
from rag.ports import Embedder


def answer_extractively(turn: Turn, embedder: Embedder) -> Draft:
    """The sentences, lists and rows of the passages that answer best, quoted and cited."""
    found = find_candidates(turn.search.passages, turn.release.documents)
    if not found:
        return Draft("abstained", "")
    candidates = in_force(found, turn.search)
    asked = read_question(last_question(turn.conversation))
    parts: list[Part] = []
    for half in asked.halves:
        question = _question(turn, half)
        wants_list = question.asked.kind in ("list", "steps")
        ranked = merge_lists(candidates) if wants_list else candidates
        parts += choose(question, rank(question, ranked, turn.search, embedder))
    parts = _add_sides(turn, asked, found, embedder) or parts
    lexical = turn.release.lexical
    parts = without_repeats(parts)
    parts = add_beside(parts, [*found, *find_elsewhere(parts, turn)], turn.search, lexical)
    wanted = frozenset(lexical.analyze(turn.search.query))
    writer = Writer(CitationList(turn.release), wanted, lexical.analyze)
    return writer.write(parts)


def _add_sides(
    turn: Turn, asked: Asked, candidates: list[Candidate], embedder: Embedder
) -> list[Part]:
    """The best part of each side that is asked about; none if nothing speaks of one."""
    question = _question(turn, asked.text).without([side for side in asked.sides if side.isdigit()])
    parts = []
    for side in asked.sides:
        about = [each for each in candidates if each.mentions(side)]
        others = [each for each in asked.sides if each != side]
        alone = [each for each in about if not any(map(each.mentions, others))]
        if not about:
            return []
        parts += choose(question, rank(question, alone or about, turn.search, embedder))[:1]
    return tell_apart(parts)


def _question(turn: Turn, text: str) -> Question:
    """What is asked, or one half of it, with the conversation before."""
    lexical, standalone = turn.release.lexical, turn.search.query
    weights = weigh_terms(standalone, text, lexical)
    return Question(read_question(text), (standalone, text), weights, lexical)
