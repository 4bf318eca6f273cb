"""A support model: labels by its configuration, the best of its quotes, within a time budget."""

from itertools import count
from pathlib import Path

import pytest

from rag.adapters.cross_encoding.entailment import EntailmentChecker
from rag.domain import Verdict
from rag.errors import EmbedderError, SupportUnchecked
from rag.ports import Claim, Evidence
from tests.rag.adapters.test_cross_encoder import libraries, make_model

pytestmark = pytest.mark.slow

CLAIMS = [Claim("The ferry carries cars."), Claim("Dogs travel free.", (1,))]
EVIDENCE = [Evidence("The ferry carries cars.", "Boats"), Evidence("Dogs travel free at ten.")]
NLI = ("contradiction", "ENTAILMENT", "neutral")


def make_judge(folder: Path, labels: tuple[str, ...], *, chosen: int | None = None) -> Path:
    """A small model of these labels, which always says the `chosen` one if there is one."""
    torch, transformers = libraries()
    make_model(folder, labels=len(labels))
    model = transformers.BertForSequenceClassification.from_pretrained(folder)
    if chosen is not None:
        torch.nn.init.zeros_(model.classifier.weight)
        bias = [3.0 if place == chosen else 0.0 for place in range(len(labels))]
        model.classifier.bias.data = torch.tensor(bias)
    model.config.id2label = dict(enumerate(labels))
    model.config.label2id = {label: place for place, label in enumerate(labels)}
    model.save_pretrained(folder)
    return folder


@pytest.mark.parametrize(
    ("chosen", "verdict"), [(0, "differs"), (1, "supported"), (2, "unsupported")]
)
async def test_a_label_is_a_verdict_wherever_the_model_has_it(
    tmp_path: Path, chosen: int, verdict: Verdict
) -> None:
    folder = make_judge(tmp_path, NLI, chosen=chosen)
    checker = EntailmentChecker(str(folder), budget_s=60)
    for judgement in await checker.check(CLAIMS, EVIDENCE):
        assert judgement.verdict == verdict
        assert bool(judgement.reasons) == (verdict != "supported")
        assert (judgement.score > 0.8) == (verdict == "supported")


async def test_a_claim_is_held_against_the_evidence_it_names(tmp_path: Path) -> None:
    checker = EntailmentChecker(str(make_judge(tmp_path, NLI, chosen=1)), budget_s=60)
    first, second = await checker.check(CLAIMS, EVIDENCE)
    assert first.quotes[0].evidence == 0
    assert second.quotes[0].evidence == 1
    assert await checker.check([], EVIDENCE) == []
    [nothing] = await checker.check(CLAIMS[:1], [])
    assert (nothing.verdict, nothing.quotes) == ("unsupported", ())


@pytest.mark.parametrize(("bias", "verdict"), [(4.0, "supported"), (-4.0, "unsupported")])
async def test_a_model_of_one_number_gives_a_share(
    tmp_path: Path, bias: float, verdict: Verdict
) -> None:
    torch, transformers = libraries()
    folder = make_model(tmp_path)
    model = transformers.BertForSequenceClassification.from_pretrained(folder)
    torch.nn.init.zeros_(model.classifier.weight)
    torch.nn.init.constant_(model.classifier.bias, bias)
    model.save_pretrained(folder)
    [judgement, _] = await EntailmentChecker(str(folder), budget_s=60).check(CLAIMS, EVIDENCE)
    assert judgement.verdict == verdict
    assert judgement.score == pytest.approx(1 / (1 + 2.718281828**-bias), abs=1e-4)


async def test_a_model_that_is_too_slow_is_told(tmp_path: Path) -> None:
    ticks = count()  # each look at the clock is a second later
    folder = make_judge(tmp_path, NLI)
    checker = EntailmentChecker(str(folder), budget_s=2, clock=lambda: float(next(ticks)))
    with pytest.raises(SupportUnchecked, match="read 4 of 10 pairs in 2 s"):
        await checker.check(CLAIMS[1:] * 10, EVIDENCE)


@pytest.mark.parametrize(
    ("labels", "says"),
    [(("LABEL_0", "LABEL_1"), "its labels are label_0, label_1"), (("a", "b", "c"), "a, b, c")],
)
def test_a_model_whose_labels_say_nothing_is_refused(
    tmp_path: Path, labels: tuple[str, ...], says: str
) -> None:
    with pytest.raises(EmbedderError, match=says) as told:
        EntailmentChecker(str(make_judge(tmp_path, labels)), budget_s=1)
    assert "RAG_SUPPORT_MODEL" in str(told.value)


@pytest.mark.parametrize("name", ["/nowhere/model", "nobody/never-downloaded"])
def test_a_model_that_is_not_there_is_one_clear_error(name: str) -> None:
    with pytest.raises(EmbedderError, match=r"support model .* set RAG_SUPPORT_MODEL"):
        EntailmentChecker(name, budget_s=1)
