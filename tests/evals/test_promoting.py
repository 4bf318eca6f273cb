"""The gate before publishing, over real releases: what broke, and which file is behind it."""

import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from evals.promoting.release_gate import ReleaseGate
from ingest.gate import Gating
from ingest.runs.adding import add
from ingest.runs.outcomes import Report
from ingest.sources.scanning import scan
from rag.bootstrap import load_index_builders, open_release
from rag.errors import InvalidRegressionSet
from rag.plumbline import Plumbline
from rag.releases.live import LiveCorpora
from rag.settings import Settings, load_settings
from tests.ingest.corpora import SmallCorpus
from tests.small_corpus import compose

TEXTS = {
    "leave.md": "Parental leave is 26 weeks at full pay.",
    "boats.md": "The Heron carries 120 passengers and 18 cars.",
    "dogs.md": "Dogs travel free of charge on every boat.",
}
QUESTIONS = {
    "leave.md": "How many weeks is parental leave at full pay?",
    "boats.md": "How many passengers and cars does the Heron carry?",
    "dogs.md": "Do dogs travel free of charge on every boat?",
}


def sample(source: str) -> dict[str, Any]:
    evidence = [{"source": source, "quote": TEXTS[source]}]
    return {
        "id": source.removesuffix(".md"),
        "question": QUESTIONS[source],
        "reference": TEXTS[source],
        "answerable": True,
        "critical": True,
        "evidence": evidence,
    }


def open_side(settings: Settings, *, chosen: Mapping[str, int]) -> Plumbline:
    corpora = LiveCorpora(settings.data, open_release, chosen)
    corpora.refresh()
    return compose(corpora, min_confidence=0.3)


class Gated:
    """A corpus of real releases that the example questions gate."""

    def __init__(self, root: Path) -> None:
        self.corpus = SmallCorpus(root)
        self.corpus.engines = load_index_builders
        self.regression_set = root / "s.jsonl"
        self.regression_set.write_text("".join(json.dumps(sample(s)) + "\n" for s in TEXTS))
        for source, text in TEXTS.items():
            self.corpus.write(source, f"{text}\n")
        self.gate = ReleaseGate(load_settings({}, data=root / "data"), open_side)

    def add(self) -> Report:
        gating = Gating(lambda: self.gate, str(self.regression_set))
        setup = replace(self.corpus.setup(), gating=gating)
        return add(self.corpus.folder, scan([str(self.corpus.sources)]), setup)

    def causes(self, report: Report) -> dict[str, str]:
        assert report.gate
        return {each.id: each.cause for each in report.gate.broken}


@pytest.fixture
def gated(tmp_path: Path) -> Gated:
    gated = Gated(tmp_path)
    report = gated.add()
    assert report.published, report.gate
    return gated


def test_a_release_that_answers_as_well_goes_live(gated: Gated) -> None:
    gated.corpus.write("whales.md", "Whales are seen in spring from the northern pier.\n")
    report = gated.add()
    assert (report.published, report.release) == (True, 2)


def test_a_removed_source_is_named_behind_the_question_that_it_broke(gated: Gated) -> None:
    (gated.corpus.sources / "dogs.md").unlink()
    report = gated.add()
    assert (report.published, report.release, report.exit_code) == (False, 1, 1)
    assert gated.causes(report) == {"dogs": "its evidence dogs.md was removed"}
    assert report.gate
    assert any("right in release 1: dogs" in reason for reason in report.gate.reasons)


def test_a_changed_source_is_named_behind_the_question_that_it_broke(gated: Gated) -> None:
    gated.corpus.write("boats.md", "The Heron was sold.\n")
    report = gated.add()
    assert not report.published
    assert gated.causes(report) == {"boats": "its evidence boats.md was changed"}


def test_an_added_source_that_outranks_the_evidence_is_named(gated: Gated) -> None:
    (gated.regression_set.parent / "gates.toml").write_text("[sets.s.floors]\nmrr = 1\n")
    gated.corpus.write("ask.md", f"{QUESTIONS['leave.md']} Parental leave: how many weeks?\n")
    report = gated.add()
    assert not report.published
    assert gated.causes(report) == {"leave": "ask.md was added and is ranked above its evidence"}


def test_what_was_mended_goes_live_by_the_next_run(gated: Gated) -> None:
    (gated.corpus.sources / "dogs.md").unlink()
    assert not gated.add().published
    gated.corpus.write("dogs.md", f"{TEXTS['dogs.md']}\nDogs must not enter the saloon.\n")
    assert gated.add().published


def test_a_set_that_has_gone_is_a_refusal_with_its_reason(gated: Gated) -> None:
    gated.regression_set.unlink()
    gated.corpus.write("whales.md", "Whales are seen in spring.\n")
    report = gated.add()
    assert not report.published
    assert report.gate
    assert report.gate.exit_code == 3
    assert "could not measure" in report.gate.reasons[0]


def test_a_set_that_cannot_be_read_is_refused_before_anything_is_done(tmp_path: Path) -> None:
    gate = ReleaseGate(load_settings({}, data=tmp_path), open_side)
    with pytest.raises(InvalidRegressionSet):
        gate.check(tmp_path / "none.jsonl")
