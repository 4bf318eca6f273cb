"""A short form of `make crash`: killed runs, files that cannot grow, erasures in histories.

`THOROUGH=1` tries two to three times as many.
"""

import os
from pathlib import Path

import pytest

from tests.crash import full_disk
from tests.crash.harness import Scenario, choose_points, prepare, try_point
from tests.crash.histories import History

pytestmark = pytest.mark.slow
POINTS, SIZES, HISTORIES = (20, 6, 6) if os.environ.get("THOROUGH") else (6, 2, 2)
SEED, STRIDE = 17, 7
"""Every so many steps of all scenarios one is tried, so that few points lie in many of them."""


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("kills")


@pytest.fixture(scope="module")
def scenarios(root: Path) -> list[Scenario]:
    """Each scenario, run once to its end."""
    return prepare(root)


@pytest.mark.parametrize("number", range(POINTS))
def test_a_killed_run_leaves_the_old_or_the_new_release_and_is_made_good_by_the_next(
    scenarios: list[Scenario], root: Path, number: int
) -> None:
    points = list(choose_points(scenarios, POINTS * STRIDE, SEED))
    finding = try_point(points[number * STRIDE], root)
    assert (finding.problem, finding.serves in ("old", "new")) == ("", True)


def test_a_full_disk_leaves_the_live_release_as_it_was(tmp_path: Path) -> None:
    before = full_disk.prepare(tmp_path)
    problems = [full_disk.try_small_files(before, number / SIZES) for number in range(SIZES)]
    assert problems == [""] * SIZES


@pytest.mark.parametrize("seed", range(HISTORIES))
def test_no_word_of_an_erased_source_is_left_whatever_happened_before(
    tmp_path: Path, seed: int
) -> None:
    history = History(tmp_path, seed)
    history.run()
    assert (history.problems, history.receipts + history.refused > 0) == ([], True)
