"""Answers without a chat model: the sentences that answer best, each an exact, cited quote."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from rag.answering.checking.citing import cite
from rag.answering.turn import Draft, Turn, last_question
from rag.domain import Passage, Sentence, Span
from rag.ports import Embedder, LexicalIndex, Vectors
from rag.retrieval.confidence import term_coverage
from rag.text.normalization import count_words
from rag.text.sentences import split_sentences, trim

# Measured on the 215 answerable questions of the example set, one value changed at a time: share of
# the citations that touch evidence, and of the evidence that is cited (as they are: .766, .802).
MAX_SENTENCES = 3  # 2: .775, .791; 4: .762, .802
MAX_CANDIDATES = 48  # 32: .762, .798; 96: the same
KEEP_ABOVE = 0.9  # .85: .703, .828; .95: .815, .791
NEW_WORDS = 0.34  # 0: .750, .828; .2: .758, .809; .5: .771, .798
COSINE_WEIGHT, COVERAGE_WEIGHT, PASSAGE_WEIGHT = 0.4, 0.4, 0.2  # .5, .3, .2: .758, .816
LOWEST_CLOSENESS, SPREAD_OF_CLOSENESS = 0.49, 0.34
"""Closeness of cosines 0 and 1 of MiniLM, with which the weights were measured."""
CONTEXT_WEIGHT = 0.5  # .25: .766, .793; 1: .771, .802
AFTER_A_QUESTION = 0.97  # .9 to 1: the same; below 1, so that of equals a plain sentence leads
LEADING_MARK = re.compile(r"(?:[-*+•·>]|\d{1,3}[.)])\s+")
TABLE_HEAD = re.compile(r"\|[^\n]*\n[ \t]*\|[-:| ]+(?:\n|$)")
TABLE_RULE = re.compile(r"\|[-:| ]+")
HEADING = re.compile(r"#{1,6} ")
MIN_WORDS = 3  # 1, 2: .764, .766 and .802; 4: .766, .798


@dataclass(frozen=True, slots=True)
class Candidate:
    """A sentence of a passage, as a span of its document."""

    passage: Passage
    span: Span
    text: str

    @property
    def is_question(self) -> bool:
        """True for a question, which is no answer itself."""
        return self.text.rstrip("*_ ").endswith(("?", "？", "؟"))


def answer_extractively(turn: Turn, embedder: Embedder) -> Draft:
    """The one to three sentences of the passages that answer best, quoted and cited."""
    candidates = [each for passage in turn.search.passages for each in _candidates(passage)]
    if not candidates:
        return Draft("abstained", "")
    chosen = _choose(_score(turn, candidates, embedder), turn.release.lexical)
    release = turn.release
    citations = tuple(
        cite(number, each.passage.document, each.span, release)
        for number, each in enumerate(chosen, 1)
    )
    paragraphs = [f"{_readable(each)} [{number}]" for number, each in enumerate(chosen, 1)]
    text = "\n\n".join(paragraphs)
    sentences: list[Sentence] = []
    start = 0
    for index, paragraph in enumerate(paragraphs):
        span = Span(start, start + len(paragraph))
        sentences.append(Sentence(span, paragraph, "supported", (index,), 1.0))
        start = span.end + len("\n\n")
    return Draft("answered", text, citations, tuple(sentences))


def _readable(candidate: Candidate) -> str:
    """The sentence on one line; a table row with the names of its columns, if these are known."""
    text = " ".join(candidate.text.split())
    if not text.startswith("|"):
        return text
    cells, columns = _cells(text), _columns(candidate)
    if len(columns) != len(cells):
        return " | ".join(cells)
    return "; ".join(f"{column}: {cell}" for column, cell in zip(columns, cells, strict=True))


def _columns(row: Candidate) -> list[str]:
    """Names from the table's head above the row, else from the heading path of a long table."""
    above = row.passage.text[: row.span.start - row.passage.span.start].rstrip().split("\n")
    for place in range(len(above) - 1, 0, -1):
        if not above[place].lstrip().startswith("|"):
            break
        if TABLE_RULE.fullmatch(above[place].strip()):
            return _cells(above[place - 1])
    return row.passage.heading[-1].split(" | ") if row.passage.heading else []


def _cells(row: str) -> list[str]:
    return [cell.strip() for cell in row.strip().strip("|").split("|")]


def _candidates(passage: Passage) -> Iterator[Candidate]:
    for span in split_sentences(passage.text):
        text = passage.text[span.start : span.end]
        is_table_head = TABLE_HEAD.match(passage.text, span.start)
        if is_table_head or HEADING.match(text) or count_words(text) < MIN_WORDS:
            continue
        mark = LEADING_MARK.match(text)
        span = trim(passage.text, Span(span.start + (mark.end() if mark else 0), span.end))
        at = passage.span.start
        yield Candidate(
            passage, Span(at + span.start, at + span.end), passage.text[span.start : span.end]
        )


def _score(
    turn: Turn, candidates: list[Candidate], embedder: Embedder
) -> list[tuple[float, Candidate]]:
    """Score of each candidate, best first; a question's score goes to the sentence after it."""
    lexical, standalone = turn.release.lexical, turn.search.query
    last = last_question(turn.conversation)
    weights = _weigh_terms(standalone, last, lexical)
    best_passage = max(each.passage.score for each in candidates) or 1.0
    cheap = []
    for place, each in enumerate(candidates):
        context = " ".join([*each.passage.heading, each.text])
        coverage = term_coverage(weights, lexical.analyze(context))
        rank = each.passage.score / best_passage
        cheap.append((COVERAGE_WEIGHT * coverage + PASSAGE_WEIGHT * rank, place))
    kept = sorted(sorted(cheap, reverse=True)[:MAX_CANDIDATES], key=lambda pair: pair[1])
    vectors = embedder.embed_documents([candidates[place].text for _, place in kept])
    question = embedder.embed_queries([standalone, last]).mean(axis=0)
    cosines = _stretch(vectors @ question, turn.release.closeness)
    scores = {
        place: score + COSINE_WEIGHT * float(cosine)
        for (score, place), cosine in zip(kept, cosines, strict=True)
    }
    _pass_on_questions(scores, candidates)
    return sorted(((s, candidates[p]) for p, s in scores.items()), key=lambda pair: -pair[0])


def _stretch(cosines: Vectors, scale: tuple[float, float] | None) -> Vectors:
    """Cosines as far apart as those that the weights were measured with, whatever the embedder."""
    if scale is None:
        return cosines
    offset, factor = scale
    return (offset + factor * cosines - LOWEST_CLOSENESS) / SPREAD_OF_CLOSENESS


def _weigh_terms(standalone: str, last: str, lexical: LexicalIndex) -> dict[str, float]:
    """Rarity of the question's terms; those of the last question count more than its context."""
    said = lexical.term_weights(last)
    return {
        term: weight if term in said else CONTEXT_WEIGHT * weight
        for term, weight in lexical.term_weights(standalone).items()
    }


def _pass_on_questions(scores: dict[int, float], candidates: list[Candidate]) -> None:
    for place in list(scores):
        if candidates[place].is_question:
            score = scores.pop(place)
            after = place + 1
            if after < len(candidates) and candidates[after].passage is candidates[place].passage:
                scores[after] = max(scores.get(after, 0.0), AFTER_A_QUESTION * score)


def _choose(scored: list[tuple[float, Candidate]], lexical: LexicalIndex) -> list[Candidate]:
    """The best, then those nearly as good that say something the chosen ones do not."""
    chosen: list[Candidate] = []
    said: set[str] = set()
    for score, each in scored:
        terms = set(lexical.analyze(each.text))
        if chosen and (score < KEEP_ABOVE * scored[0][0] or len(chosen) == MAX_SENTENCES):
            break
        if chosen and terms and len(terms - said) < NEW_WORDS * len(terms):
            continue
        chosen.append(each)
        said |= terms
    return chosen
