"""People's questions about the example documents: their evidence is there, the parts are apart."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path

import pytest

from evals.samples.reading import read_set
from evals.samples.sample import Evidence
from ingest.formats.table import extract

ROOT = Path(__file__).parent.parent.parent
HANDBOOK = ROOT / "examples" / "handbook"
SETS = ROOT / "evals" / "sets"
ASKED = sorted(SETS.glob("asked-*.jsonl"))
STYLES = {
    *("paraphrase", "keywords", "story", "typos", "german", "french", "spanish"),
    *("old-rule", "two-halves", "contradiction", "list"),
}


def _quotes(path: Path) -> Iterator[Evidence]:
    """Every quote of a set, the alternatives too."""
    for sample in read_set(path).samples:
        for evidence in sample.evidence:
            yield evidence
            yield from evidence.alternatives


def test_there_are_people_who_ask() -> None:
    assert ASKED


@pytest.mark.parametrize("path", ASKED, ids=lambda path: path.stem)
def test_what_people_ask_is_answered_where_its_evidence_says(path: Path) -> None:
    texts: dict[str, str] = {}
    for quote in _quotes(path):
        assert quote.span, quote
        if quote.source not in texts:
            texts[quote.source] = extract(HANDBOOK / quote.source, quote.source).text
        assert texts[quote.source][quote.span.start : quote.span.end] == quote.quote


@pytest.mark.parametrize("path", ASKED, ids=lambda path: path.stem)
def test_each_question_that_people_ask_has_one_style(path: Path) -> None:
    samples = read_set(path).samples
    assert len({sample.question.lower() for sample in samples}) == len(samples)
    for sample in samples:
        styles = STYLES & set(sample.tags)
        assert len(styles) == 1 if sample.is_answerable else len(styles) <= 1, sample.id


def test_no_two_parts_ask_about_the_same_document() -> None:
    sources = {path.stem: {quote.source for quote in _quotes(path)} for path in ASKED}
    for one, other in combinations(sources, 2):
        assert not sources[one] & sources[other], (one, other)
