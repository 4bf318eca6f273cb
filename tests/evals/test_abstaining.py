"""The benchmark of abstention in a small form, and the questions made by swapping what is asked."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from evals.bench.quality.abstaining import (
    auroc,
    leave_one_out,
    measure_close_misses,
    measure_left_out,
)
from evals.bench.watching import watch_add
from evals.samples.reading import read_set
from evals.samples.sample import Sample
from rag.bootstrap import open_plumbline
from rag.errors import InvalidRegressionSet
from rag.learning.calibration import THRESHOLD
from rag.plumbline import Plumbline
from rag.settings import load_settings

ROOT = Path(__file__).parent.parent.parent
SETS = ROOT / "evals" / "sets"
TEXTS = {
    "ferry": "The ferry to Tarn Haven leaves at nine. A dog pays two crowns on the ferry.",
    "stars": "A neutron star is born in a supernova. Its crust is harder than steel.",
}
QUESTIONS = [
    ("When does the ferry to Tarn Haven leave?", "ferry"),
    ("What does a dog pay on the ferry?", "ferry"),
    ("Where is a neutron star born?", "stars"),
]


@pytest.fixture(scope="module")
def spans(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("spans")
    _write_spans(folder, QUESTIONS)
    return folder


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, spans: Path) -> Path:
    folder = tmp_path_factory.mktemp("data")
    leave_one_out(spans, folder)
    watch_add([spans / "ferry.md"], folder, corpus="handbook")
    return folder


@pytest.fixture(scope="module")
def plumbline(data: Path) -> Iterator[Plumbline]:
    opened = open_plumbline(load_settings({}, data=data))
    yield opened
    opened.close()


def test_the_auroc_counts_pairs_in_order_and_ties_half() -> None:
    assert auroc([0.9, 0.5], [0.5, 0.1]) == pytest.approx(3.5 / 4)
    assert auroc([0.1], [0.9]) == 0.0


@pytest.mark.slow
def test_a_text_left_out_is_abstained_from_and_the_others_are_answered(
    plumbline: Plumbline, spans: Path, data: Path
) -> None:
    rows = dict(measure_left_out(plumbline, spans, data))
    without_stars = rows["abstaining: without stars"]
    assert without_stars.startswith("0 of 1 (0.0%) falsely answered, 2 of 2 (100.0%) answered")
    assert without_stars.endswith(f"AUROC 1.0000, threshold {THRESHOLD:.4f}")
    assert rows["abstaining: without ferry"].startswith("0 of 2 (0.0%) falsely answered, 1 of 1")
    assert rows["abstaining: all left out in turn, AUROC"] == "1.0000"


@pytest.mark.slow
def test_each_kind_of_question_is_held_against_the_answerable_ones(
    plumbline: Plumbline, data: Path, tmp_path: Path
) -> None:
    close_miss = {"answerable": False, "evidence": [], "tags": ["close-miss"]}
    asked = [
        {
            "answerable": True,
            "question": QUESTIONS[0][0],
            "evidence": [{"source": "ferry.md", "quote": "leaves at nine"}],
        },
        close_miss | {"question": "What is the ferry painted with?"},
        {"answerable": False, "evidence": [], "tags": ["off-topic"], "question": "Who is Hamlet?"},
    ]
    _write_set(tmp_path / "handbook.jsonl", asked)
    _write_set(
        tmp_path / "handbook-swapped.jsonl",
        [close_miss | {"question": "When does the balloon to Mars leave?"}],
    )
    rows = dict(measure_close_misses(plumbline, tmp_path, data))
    assert rows["abstaining: handbook, threshold"] == f"{THRESHOLD:.4f}"
    assert (
        rows["abstaining: handbook, answerable"]
        == "1 of 1 (100.0%) above the threshold, 1 answered"
    )
    assert rows["abstaining: handbook, off-topic"] == (
        "0 of 1 (0.0%) above the threshold, 0 answered, AUROC 1.0000"
    )
    for kind in ("close-miss", "swapped"):
        assert rows[f"abstaining: handbook, {kind}"].endswith("AUROC 1.0000")


def test_questions_about_one_text_only_leave_nothing_to_compare(tmp_path: Path) -> None:
    _write_spans(tmp_path, QUESTIONS[:2])
    with pytest.raises(InvalidRegressionSet, match="two texts"):
        leave_one_out(tmp_path, tmp_path / "data")


@pytest.mark.slow
def test_a_corpus_that_lacks_one_of_its_texts_is_not_measured(tmp_path: Path) -> None:
    _write_spans(tmp_path, QUESTIONS)
    (tmp_path / "stars.md").write_text("")
    with pytest.raises(ValueError, match=r"without-ferry.*empty"):
        leave_one_out(tmp_path, tmp_path / "data")


def _swapped() -> list[tuple[Sample, Sample]]:
    """Each swapped question with the one that it was made of."""
    asked = {sample.id: sample for sample in read_set(SETS / "handbook.jsonl").samples}
    swapped = read_set(SETS / "handbook-swapped.jsonl").samples
    return [(sample, asked[sample.id.removeprefix("swap-")]) for sample in swapped]


def test_swapped_questions_ask_what_answerable_ones_ask_of_something_else() -> None:
    pairs = _swapped()
    assert len(pairs) >= 40
    for swapped, original in pairs:
        assert swapped.kind == "close-miss"
        assert original.is_answerable
        words, before = (set(s.question.lower().split()) for s in (swapped, original))
        assert words - before, swapped.id
        assert len(words & before) >= 2, swapped.id


def test_swapped_questions_tell_whether_the_handbook_knows_what_they_ask_about() -> None:
    for swapped, _ in _swapped():
        assert len({"known-entity", "unknown-entity"} & set(swapped.tags)) == 1, swapped.id


def _write_spans(folder: Path, questions: list[tuple[str, str]]) -> None:
    for name, text in TEXTS.items():
        (folder / f"{name}.md").write_text(text)
    references = json.dumps([{"start_index": 0, "end_index": 10}])
    with (folder / "questions_df.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["question", "references", "corpus_id"])
        writer.writerows([text, references, name] for text, name in questions)


def _write_set(path: Path, samples: list[dict[str, object]]) -> None:
    lines = [
        json.dumps({"id": f"q-{number}", "reference": "As it says."} | sample)
        for number, sample in enumerate(samples)
    ]
    path.write_text("\n".join(lines))
