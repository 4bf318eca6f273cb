"""Answers without a chat model: what of the passages answers best, quoted and cited."""

from collections.abc import Sequence
from dataclasses import replace

from rag.answering.checking.citing import CitationList
from rag.answering.checking.judging import Reach
from rag.answering.extracting.answer_confidence import estimate
from rag.answering.extracting.beside import add_beside, in_force, tell_apart
from rag.answering.extracting.candidates import Candidate, find_candidates, merge_lists
from rag.answering.extracting.choosing import Part, choose, without_repeats
from rag.answering.extracting.elsewhere import find_elsewhere
from rag.answering.extracting.intent import Asked, read_question
from rag.answering.extracting.scoring import Question, Scored, rank, weigh_terms
from rag.answering.extracting.wording import Writer
from rag.answering.turn import Draft, Turn, last_question
from rag.ports import Embedder


def answer_extractively(turn: Turn, embedder: Embedder, reach: Reach | None = None) -> Draft:
    """The sentences, lists and rows of the passages that answer best, quoted and cited.

    It says nothing where the confidence, read again from the best of them, is too low.
    """
    found = find_candidates(turn.search.passages, turn.release.documents)
    if not found:
        return Draft("abstained", "")
    embedder = embedder.for_sentences(turn.search.query)
    asked = read_question(last_question(turn.conversation))
    halves = rank_halves(turn, asked, in_force(found, turn.search), embedder)
    confidence = turn.search.confidence
    if reach:
        confidence = max(estimate(*half, turn.search, reach) for half in halves)
    if confidence < turn.search.threshold:
        return Draft("abstained", "", confidence=confidence)
    parts = [part for half in halves for part in choose(*half)]
    parts = _add_sides(turn, asked, found, embedder) or parts
    lexical = turn.release.lexical
    parts = without_repeats(parts)
    parts = add_beside(parts, [*found, *find_elsewhere(parts, turn)], turn.search, lexical)
    wanted = frozenset(lexical.analyze(turn.search.query))
    writer = Writer(CitationList(turn.release), wanted, lexical.analyze)
    return replace(writer.write(parts), confidence=confidence)


def rank_halves(
    turn: Turn, asked: Asked, candidates: Sequence[Candidate], embedder: Embedder
) -> list[tuple[Question, list[Scored]]]:
    """What is asked, half by half, each with the units that answer it, best first."""
    halves = []
    for half in asked.halves:
        question = _question(turn, half)
        wants_list = question.asked.kind in ("list", "steps")
        units = merge_lists(candidates) if wants_list else candidates
        halves.append((question, rank(question, units, turn.search, embedder)))
    return halves


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
