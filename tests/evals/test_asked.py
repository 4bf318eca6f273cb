"""People's questions about the example documents: their evidence is there, the parts are apart."""

from collections.abc import Iterator
from itertools import combinations
from pathlib import Path, PurePath

import pytest

from evals.samples.reading import read_set
from evals.samples.sample import Evidence
from ingest.formats.table import extract

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = ROOT / "examples"
SETS = ROOT / "evals" / "sets"
ASKED = sorted(SETS.glob("asked-*.jsonl"))
LANGUAGES = SETS / "languages.jsonl"
CORPUS_OF = {LANGUAGES: "languages"} | dict.fromkeys(ASKED, "handbook")
STYLES = {
    *("paraphrase", "keywords", "story", "typos", "german", "french", "spanish"),
    *("old-rule", "two-halves", "contradiction", "list"),
}
FOLDERS = {"german": "de", "french": "fr", "spanish": "es"}


def _quotes(path: Path) -> Iterator[Evidence]:
    """Every quote of a set, the alternatives too."""
    for sample in read_set(path).samples:
        for evidence in sample.evidence:
            yield evidence
            yield from evidence.alternatives


def _folders(evidence: tuple[Evidence, ...]) -> set[str]:
    return {PurePath(each.source).parts[0] for each in evidence}


@pytest.mark.parametrize("path", CORPUS_OF, ids=lambda path: path.stem)
def test_what_people_ask_is_answered_where_its_evidence_says(path: Path) -> None:
    texts: dict[str, str] = {}
    for quote in _quotes(path):
        assert quote.span, quote
        if quote.source not in texts:
            file = EXAMPLES / CORPUS_OF[path] / quote.source
            texts[quote.source] = extract(file, file.name).text
        assert texts[quote.source][quote.span.start : quote.span.end] == quote.quote


@pytest.mark.parametrize("path", CORPUS_OF, ids=lambda path: path.stem)
def test_people_ask_nothing_twice(path: Path) -> None:
    questions = [sample.question.casefold() for sample in read_set(path).samples]
    assert len(set(questions)) == len(questions)


@pytest.mark.parametrize("path", ASKED, ids=lambda path: path.stem)
def test_each_answerable_question_that_people_ask_has_one_style(path: Path) -> None:
    for sample in read_set(path).samples:
        if sample.is_answerable:
            assert len(STYLES & set(sample.tags)) == 1, sample.id


def test_no_two_parts_ask_about_the_same_document() -> None:
    assert ASKED
    sources = {path.stem: {quote.source for quote in _quotes(path)} for path in ASKED}
    for one, other in combinations(sources, 2):
        assert not sources[one] & sources[other], (one, other)


def test_a_question_in_languages_is_answered_first_in_the_language_of_its_tag() -> None:
    for sample in read_set(LANGUAGES).samples:
        [folder] = {FOLDERS[tag] for tag in sample.tags if tag in FOLDERS}
        directions = {"same-language", "cross-language", "off-topic"} & set(sample.tags)
        assert len(directions) == 1, sample.id
        assert _folders(sample.evidence) <= {folder}, sample.id
        for evidence in sample.evidence:
            others = set(FOLDERS.values()) - {folder} if evidence.alternatives else set()
            assert _folders(evidence.alternatives) == others, sample.id


def test_the_documents_of_each_language_are_as_many_and_as_long() -> None:
    folders = [EXAMPLES / "languages" / name for name in FOLDERS.values()]
    paragraphs = [
        sorted(path.read_text().count("\n\n") for path in folder.iterdir()) for folder in folders
    ]
    assert paragraphs == [paragraphs[0]] * len(FOLDERS)
