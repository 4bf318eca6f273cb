"""Questions with made typing errors, and what is measured with them."""

from functools import partial
from pathlib import Path

from evals.bench.quality.mistyping import KINDS, measure_mistyping, mistype, run_together
from evals.bench.quality.spans import MarkedQuestion
from evals.samples.locating import Location, Target
from rag.domain import Span
from rag.plumbline import Plumbline
from tests.small_corpus import TEXTS, make_plumbline

QUESTION = "How many passengers does the Heron carry to Tarn Haven?"


def test_errors_are_made_in_content_words_and_the_same_each_time() -> None:
    for words in (1, 2):
        wrong = mistype(QUESTION, words)
        pairs = list(zip(QUESTION.split(), wrong.split(), strict=True))
        changed = [(word, other) for word, other in pairs if word != other]
        assert len(changed) == words
        assert all(word[0] in other[:2] and word not in ("many", "does") for word, other in changed)
        assert mistype(QUESTION, words) == wrong
    assert mistype("What does it do?", 2) == "What does it do?"


def test_two_content_words_are_run_together_where_two_stand_together() -> None:
    assert run_together("Who pays the winter fares, and when?") in (
        "Who paysthe winter fares, and when?",
        "Who pays the winterfares, and when?",
    )
    assert run_together("Who pays the fares?") == "Who pays the fares?"


def test_each_kind_is_measured_without_and_with_the_reading_of_unknown_words(
    tmp_path: Path,
) -> None:
    text = TEXTS["boats.md"]
    target = Target((Location(_version(make_plumbline(tmp_path)), Span(0, len(text))),), len(text))
    questions = [MarkedQuestion(QUESTION, "boats.md", (target,))]
    rows = measure_mistyping(partial(make_plumbline, tmp_path), "small", questions)
    values = {name: value for name, value in rows if "no questions" not in value}
    assert [name.rpartition(", ")[2] for name in values] == list(KINDS)
    before, after = next(iter(values.values())).split("; ")
    assert before.removeprefix("before ") == after.removeprefix("after ")
    assert "all evidence in the first 5 1.000" in after
    _, two = list(values.values())[2].split("; ")
    assert "all evidence in the first 5 1.000" in two


def _version(plumbline: Plumbline) -> str:
    [version] = [each.version for each in plumbline.documents("small") if "boats" in each.source]
    plumbline.close()
    return version
