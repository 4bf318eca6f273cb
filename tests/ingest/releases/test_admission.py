"""A release goes live only if the corpus' gate lets it, or somebody says why it must."""

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from ingest.corpus.opening import open_ledger, view_ledger
from ingest.gate import AskingProgress, BrokenQuestion, GateDecision, Gating
from ingest.runs import erasing, upkeep
from ingest.runs.adding import add
from ingest.runs.outcomes import Report
from ingest.sources.scanning import scan
from ingest.terminal.reports import print_report
from rag.errors import ReleaseRefused, SettingsError
from tests.ingest.corpora import SmallCorpus

SET = "/sets/fares.jsonl"
WORSE = BrokenQuestion("fare", "What is a ticket?", True, "Six.", "Sixty.", "fares.md was changed")


@dataclass
class WaryGate:
    """Refuses whatever follows another release, and remembers what it was asked."""

    asked: list[tuple[int, int | None, str]] = field(default_factory=list)

    def check(self, regression_set: Path) -> None:
        """Every set is right."""

    def decide(
        self,
        corpus: str,
        release: int,
        *,
        against: int | None,
        regression_set: Path,
        progress: AskingProgress,
    ) -> GateDecision:
        """No, but for the first release."""
        self.asked.append((release, against, str(regression_set)))
        decision = GateDecision(release, against, str(regression_set))
        if against is None:
            return decision
        return replace(decision, exit_code=1, reasons=("right fell",), broken=(WORSE,))


@pytest.fixture
def gate() -> WaryGate:
    return WaryGate()


@pytest.fixture
def corpus(tmp_path: Path, gate: WaryGate) -> SmallCorpus:
    """A corpus that is gated, with one release."""
    corpus = SmallCorpus(tmp_path)
    corpus.write("fares.md", "# Fares\n\nA ticket is six crowns.\n")
    corpus.write("piers.md", "# Piers\n\nThe northern pier is of oak.\n")
    assert run(corpus, gate, regression_set=SET).published
    corpus.write("fares.md", "# Fares\n\nA ticket is sixty crowns.\n")
    return corpus


def run(
    corpus: SmallCorpus, gate: WaryGate, *, regression_set: str | None = None, forced: str = ""
) -> Report:
    gating = Gating(lambda: gate, regression_set, forced)
    return add(corpus.folder, scan([str(corpus.sources)]), replace(corpus.setup(), gating=gating))


def told(corpus: SmallCorpus) -> dict[int, str]:
    with view_ledger(corpus.folder.ledger) as ledger:
        return ledger.history.decisions()


def test_a_refused_release_waits_while_the_one_before_it_stays_live(
    corpus: SmallCorpus, gate: WaryGate, capsys: pytest.CaptureFixture[str]
) -> None:
    report = run(corpus, gate)
    assert (report.published, report.release, report.built, report.exit_code) == (False, 1, 2, 1)
    assert (corpus.folder.live(), corpus.folder.numbers()) == (1, [1, 2])
    print_report(report)
    lines = capsys.readouterr().out.splitlines()
    assert "broken: critical, fare: What is a ticket?: fares.md was changed" in lines
    assert any(line.startswith("not published, refused by the gate: release 2") for line in lines)
    assert "refused by the gate" in told(corpus)[2]


def test_a_gate_holds_for_all_later_runs_until_it_is_taken_away(
    corpus: SmallCorpus, gate: WaryGate
) -> None:
    assert not run(corpus, gate).published
    assert gate.asked == [(1, None, SET), (2, 1, SET)]
    assert run(corpus, gate, regression_set="").published
    assert len(gate.asked) == 2
    corpus.write("new.md", "# New\n\nWhales are seen in spring.\n")
    assert run(corpus, gate).published


def test_a_refused_release_goes_live_by_force_with_the_reason_kept(
    corpus: SmallCorpus, gate: WaryGate
) -> None:
    report = run(corpus, gate, forced="the fare has risen")
    assert (report.published, report.release, report.exit_code) == (True, 2, 0)
    assert "published all the same: the fare has risen" in told(corpus)[2]


def test_publish_asks_the_gate_of_a_later_release_and_never_of_an_earlier_one(
    corpus: SmallCorpus, gate: WaryGate
) -> None:
    run(corpus, gate)
    setup = replace(corpus.setup(), gating=Gating(lambda: gate))
    with pytest.raises(ReleaseRefused, match="--force --why"):
        upkeep.choose(corpus.folder, setup, 2)
    assert corpus.folder.live() == 1
    forced = replace(corpus.setup(), gating=Gating(lambda: gate, forced="it is right"))
    upkeep.choose(corpus.folder, forced, 2)
    assert corpus.folder.live() == 2
    asked = len(gate.asked)
    upkeep.choose(corpus.folder, setup)
    assert (corpus.folder.live(), len(gate.asked)) == (1, asked)


def test_a_newer_refused_release_takes_the_place_of_the_one_before(
    corpus: SmallCorpus, gate: WaryGate
) -> None:
    run(corpus, gate)
    corpus.write("fares.md", "# Fares\n\nA ticket is seventy crowns.\n")
    run(corpus, gate)
    assert corpus.folder.numbers() == [1, 3]


def test_an_erasure_is_not_kept_waiting_by_the_gate(corpus: SmallCorpus, gate: WaryGate) -> None:
    setup = replace(corpus.setup(), gating=Gating(lambda: gate))
    erasing.forget(corpus.folder, setup, sources=[str(corpus.sources / "piers.md")], subjects=[])
    assert corpus.folder.live() == 2
    assert len(gate.asked) == 1


def test_a_gate_that_nothing_can_ask_lets_nothing_by(corpus: SmallCorpus) -> None:
    with pytest.raises(SettingsError, match="gate"):
        add(corpus.folder, scan([str(corpus.sources)]), corpus.setup())
    assert corpus.folder.live() == 1


def test_a_ledger_from_before_there_were_gates_has_none(corpus: SmallCorpus) -> None:
    with open_ledger(corpus.folder.ledger) as ledger:
        for table in ("gates", "decisions"):
            ledger.database.execute(f"DROP TABLE {table}")
    assert told(corpus) == {}
    assert corpus.add().published
