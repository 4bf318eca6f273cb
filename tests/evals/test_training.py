"""Learning the coefficients of the confidence: from signals to the file, and back."""

import json
import random
from pathlib import Path
from typing import Any

import pytest

from evals.training.confidence import Observed, Source, find_scale, learn, sources_of, write
from rag.retrieval import confidence
from rag.retrieval.confidence import BOTH, KINDS, MEANING, WORDS, Coefficients, load_coefficients

SCALES = {"model@1": [0.25, 0.5]}
QUESTIONS = 200


def observe(chance: random.Random, *, answerable: bool, group: str = "set") -> Observed:
    """A question that can be answered has a larger `context` and a smaller `lead`, for sure."""
    signals = {name: chance.random() for name in KINDS[BOTH]}
    sign = 1 if answerable else -1
    moved = {"context": signals["context"] + sign, "lead": signals["lead"] - sign}
    return Observed(signals | moved, answerable, group)


@pytest.fixture(scope="module")
def seen() -> list[Observed]:
    chance = random.Random(3)
    return [observe(chance, answerable=bool(at % 2)) for at in range(QUESTIONS)]


@pytest.fixture(scope="module")
def learned(seen: list[Observed]) -> dict[str, Any]:
    pytest.importorskip("sklearn")
    return {"regressions": learn(seen), "scales": SCALES, "made": (0.6, 0.5)}


def load(path: Path, monkeypatch: pytest.MonkeyPatch) -> Coefficients:
    monkeypatch.setattr(confidence, "COEFFICIENTS", path)
    return load_coefficients.__wrapped__()


def test_a_signal_that_parts_the_questions_weighs_more_than_all_others(
    learned: dict[str, Any],
) -> None:
    weights = {
        kind: {name: each["weight"] for name, each in regression["signals"].items()}
        for kind, regression in learned["regressions"].items()
    }
    assert {kind: tuple(names) for kind, names in weights.items()} == KINDS
    assert weights[WORDS]["context"] > 0
    assert weights[MEANING].pop("lead") < -3 * max(map(abs, weights[MEANING].values()))
    context, lead = weights[BOTH].pop("context"), weights[BOTH].pop("lead")
    assert min(context, -lead) > 3 * max(map(abs, weights[BOTH].values()))


def test_what_was_written_is_what_a_search_is_judged_by(
    learned: dict[str, Any],
    seen: list[Observed],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = tmp_path / "confidence.json"
    assert write(learned, path) == f"3 regressions and 1 scales: {path}"
    read = load(path, monkeypatch)
    assert (read.scales, read.made) == ({"model@1": (0.25, 0.5)}, (0.6, 0.5))
    assert {kind: tuple(each.signals) for kind, each in read.regressions.items()} == KINDS
    for regression in read.regressions.values():
        assert all((regression.weigh(each.signals) > 0.5) == each.is_answerable for each in seen)


def test_the_packaged_coefficients_are_written_as_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    packaged = confidence.COEFFICIENTS.read_text(encoding="utf-8")
    path = tmp_path / "confidence.json"
    write(json.loads(packaged), path)
    assert path.read_text(encoding="utf-8") == packaged
    assert load(path, monkeypatch) == load_coefficients()


def test_a_question_that_lacks_a_signal_teaches_the_regressions_without_it(
    seen: list[Observed], learned: dict[str, Any]
) -> None:
    by_words = [Observed({"context": 5.0}, is_answerable=False, group="lexical") for _ in range(50)]
    other = learn([*seen, *by_words])
    assert other[WORDS]["signals"]["context"]["weight"] < 0.5
    assert (other[MEANING], other[BOTH]) == tuple(
        learned["regressions"][kind] for kind in (MEANING, BOTH)
    )


def test_a_large_set_does_not_decide_alone(learned: dict[str, Any]) -> None:
    def intercept(large: int) -> float:
        chance = random.Random(4)
        often = [
            Observed({"context": chance.random()}, is_answerable=False, group="large")
            for _ in range(large)
        ]
        few = [Observed({"context": chance.random()}, True, "small") for _ in range(20)]
        made = [observe(chance, answerable=bool(at % 2), group="x") for at in range(4)]
        return float(learn([*often, *few, *made])[WORDS]["intercept"])

    assert intercept(20) == pytest.approx(0, abs=0.3)
    by_number = -3.9  # the logit of 20 of 1020
    assert by_number / 2 - 0.3 < intercept(1000) < -1


def test_a_scale_gives_one_embedder_the_mean_and_the_spread_of_another() -> None:
    wanted = [0.5, 0.6, 0.7, 0.9]
    seen = [Observed({"closeness": 0.2 * value + 0.7}, True, "set") for value in wanted]
    reference = [Observed({"closeness": value}, True, "set") for value in wanted]
    without = Observed({"context": 1.0}, is_answerable=True, group="set")
    assert find_scale([*seen, without], [without, *reference]) == pytest.approx((-3.5, 5.0))
    assert find_scale(reference, reference) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("wiki=sets/a.jsonl", Source("wiki", Path("sets/a.jsonl"), leaves_out=False)),
        ("wiki-=a=b.jsonl", Source("wiki", Path("a=b.jsonl"), leaves_out=True)),
        ("my-wiki=a.jsonl", Source("my-wiki", Path("a.jsonl"), leaves_out=False)),
    ],
)
def test_a_source_is_a_corpus_and_its_set(text: str, source: Source) -> None:
    assert Source.parse(text) == source


@pytest.mark.parametrize("text", ["", "wiki", "sets/a.jsonl"])
def test_a_source_without_a_set_says_how_it_is_written(text: str) -> None:
    with pytest.raises(ValueError, match="write CORPUS=SET"):
        Source.parse(text)


def test_the_documents_of_a_set_are_those_of_its_evidence(tmp_path: Path) -> None:
    def line(name: str, *sources: str) -> str:
        evidence = [{"source": source, "quote": "120 passengers"} for source in sources]
        about = {"id": name, "question": "How many?", "reference": "120.", "evidence": evidence}
        kind = {"answerable": True} if sources else {"answerable": False, "tags": ["off-topic"]}
        return json.dumps(about | kind) + "\n"

    path = tmp_path / "set.jsonl"
    path.write_text(line("a", "boats.md", "dogs.md") + line("b") + line("c", "boats.md"))
    assert sources_of(path) == {"boats.md", "dogs.md"}
