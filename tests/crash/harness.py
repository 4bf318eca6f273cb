"""Prepared corpora, children that die in them, and what must be true afterwards."""

import json
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ingest.corpus.embedding import BATCH_TEXTS
from ingest.corpus.ledger import open_ledger
from ingest.releases.publishing import CorpusFolder
from ingest.runs.erasing import receipts
from rag.releases.manifest import hash_ids
from tests.crash.child import Orders

NEXT = {"forget": "gc"}
"""What is run after a command that was killed, where that is not the command itself."""
ROOT = Path(__file__).parent.parent.parent
DOCUMENTS, SECTIONS = 30, 14
CHILD_S = 120
MOST_DELAY_S = 0.06


@dataclass(frozen=True)
class Scenario:
    """A corpus before and after one whole run of `command` over `sources`."""

    name: str
    before: Path
    sources: Path
    command: str
    steps: tuple[str, ...]
    embedded: int
    old: tuple[int | None, str]
    new: tuple[int | None, str]


@dataclass(frozen=True)
class Point:
    """Where a child dies, and of what scenario; `seed` and `number` find it again."""

    seed: int
    number: int
    scenario: Scenario
    die_at: int
    delay_s: float

    def __str__(self) -> str:
        return f"seed {self.seed} point {self.number} ({self.scenario.name}, event {self.die_at})"


@dataclass(frozen=True)
class Finding:
    """What a killed child left: the step it died in, which release served, what was wrong."""

    point: Point
    step: str
    serves: str
    problem: str


def write_sources(folder: Path, version: int) -> Path:
    """Documents of one version: 1 at first, 2 with a few changes, 3 with most replaced."""
    folder.mkdir(parents=True)
    for number in range(DOCUMENTS + (version == 2)):
        if version == 2 and number == 3:
            continue
        is_changed = version == 3 or (version == 2 and number == 5)
        said = "It was changed since." if is_changed else "It has long been so."
        sections = (
            f"# Pier {number}-{part}\n\n" + f"The boat of pier {number}-{part} sails. {said} " * 6
            for part in range(SECTIONS)
        )
        (folder / f"{number:02}.md").write_text("\n\n".join(sections))
    return folder


def run_child(orders: Orders) -> subprocess.CompletedProcess[str]:
    """A child in a process group of its own."""
    command = [sys.executable, "-m", "tests.crash.child", orders.to_json()]
    return subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=CHILD_S, start_new_session=True
    )


def told(report: Path, key: str) -> list[Any]:
    """What children noted under a key, as JSON has it."""
    lines = report.read_text().splitlines() if report.exists() else []
    return [said[key] for line in lines if key in (said := json.loads(line))]


def state(folder: CorpusFolder) -> tuple[int | None, str]:
    """The live release's number, and the hash of all that it holds."""
    live = folder.live()
    manifest = folder.manifest(live)
    return live, manifest.content_hash if manifest else ""


def prepare(root: Path) -> list[Scenario]:
    """From a first ingestion to erasures from a corpus that is held and one that is not, in turn.

    Each is run once to its end.
    """
    versions = {number: write_sources(root / f"docs{number}", number) for number in (1, 2, 3)}
    live = root / "docs"
    scenarios = []
    before = root / "empty" / "corpora" / "small"
    before.mkdir(parents=True)
    for name, version, command in (
        ("first ingestion", 1, "add"),
        ("small change", 2, "add"),
        ("large change", 3, "add"),
        ("rollback", 3, "rollback"),
        ("erasure while held", 3, "forget"),
        ("end of the hold", 3, "resume"),
        ("another change", 1, "add"),
        ("erasure", 1, "forget"),
    ):
        shutil.rmtree(live, ignore_errors=True)
        shutil.copytree(versions[version], live)
        after = root / name.replace(" ", "-") / "corpora" / "small"
        shutil.copytree(before, after)
        report = root / f"{name}.report"
        orders = order(live, after, report, command, name)
        done = run_child(orders)
        if done.returncode:
            raise RuntimeError(f"the uninterrupted run failed: {done.stderr}")
        [steps] = told(report, "steps")
        embedded = sum(map(int, told(report, "embedded")))
        states = state(CorpusFolder(before)), state(CorpusFolder(after))
        scenarios.append(
            Scenario(name, before, versions[version], command, tuple(steps), embedded, *states)
        )
        before = after
    return scenarios


def order(sources: Path, corpus: Path, report: Path, command: str, name: str) -> Orders:
    """What a child is to do in a scenario; the second erasure is of another document."""
    forgotten = "01.md" if name == "erasure" else "00.md"
    target = sources / forgotten if command == "forget" else sources
    return Orders(str(target), str(corpus), str(report), command)


def choose_points(scenarios: list[Scenario], count: int, seed: int) -> Iterator[Point]:
    """Points in each step of each scenario in turn, every other one somewhat later.

    The first two of a step are its boundaries, the others lie anywhere in it.
    """
    chance = random.Random(seed)
    steps = [(each, step) for each in scenarios for step in dict.fromkeys(each.steps)]
    for number in range(count):
        scenario, step = steps[number % len(steps)]
        at = [place for place, name in enumerate(scenario.steps, 1) if name == step]
        turn = number // len(steps)
        die_at = (at[0], at[-1])[turn] if turn < 2 else chance.choice(at)
        delay = chance.random() * MOST_DELAY_S if (number + turn) % 2 else 0.0
        yield Point(seed, number, scenario, die_at, delay)


def try_point(point: Point, root: Path) -> Finding:
    """Kill a child at a point, look at what it left, and run another to the end."""
    scenario = point.scenario
    data = root / f"point-{point.number}"
    sources, corpus = root / "docs", data / "corpora" / "small"
    shutil.rmtree(sources, ignore_errors=True)
    shutil.copytree(scenario.sources, sources)
    shutil.copytree(scenario.before, corpus)
    report = data / "report"
    orders = order(sources, corpus, report, scenario.command, scenario.name)
    try:
        run_child(replace(orders, die_at=point.die_at, delay_s=point.delay_s))
        step = str((told(report, "died_in") or ["the end"])[0])
        folder = CorpusFolder(corpus)
        serves, problem = _check_serving(folder, scenario)
        problem = problem or _check_recovery(folder, orders, scenario)
        return Finding(point, step, serves, problem)
    finally:
        shutil.rmtree(data)


def _check_serving(folder: CorpusFolder, scenario: Scenario) -> tuple[str, str]:
    found = state(folder)
    if found not in (scenario.old, scenario.new):
        return "neither", f"{found} serves, neither {scenario.old} nor {scenario.new}"
    serves = "new" if found == scenario.new else "old"
    if found[0] is None:
        return serves, ""
    return serves, check_release(folder, found[0])


def check_release(folder: CorpusFolder, number: int) -> str:
    """What is wrong with a release when a fresh process opens it; nothing if it is sound."""
    command = [sys.executable, "-m", "rag.probe", str(folder.release(number)), "--thorough"]
    probe = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=CHILD_S)
    return f"release {number} does not open: {probe.stderr}" if probe.returncode else ""


def _check_recovery(folder: CorpusFolder, orders: Orders, scenario: Scenario) -> str:
    """What is wrong after the next run; nothing if all is as if no run had been killed."""
    following = NEXT.get(scenario.command, scenario.command)
    done = run_child(replace(orders, command=following))
    if scenario.command == "forget" and not _has_begun(folder, scenario):
        done = run_child(orders)
    if done.returncode:
        return f"the next run ended with {done.returncode}: {done.stderr}"
    number, content = state(folder)
    manifest = folder.manifest(number)
    if manifest is None or content != scenario.new[1]:
        return "the next run gave another content"
    with open_ledger(folder.ledger) as ledger:
        ids = [row[0] for row in ledger.database.execute("SELECT id FROM chunks")]
    if scenario.command == "add" and hash_ids(ids) != manifest.chunk_ids_hash:
        return "the chunks of the release are not those of the ledger"
    twice = sum(map(int, told(Path(orders.report), "embedded"))) - scenario.embedded
    if twice > BATCH_TEXTS:
        return f"{twice} texts were embedded twice"
    if scenario.command == "forget" and (problem := _check_erasure(folder, orders)):
        return problem
    left = [*folder.releases.glob(".build-*"), *folder.path.glob(".unpacked-*")]
    left += [
        *folder.blobs.glob(".*"),
        *folder.path.glob(".erasing"),
        *folder.path.glob(".*.partial"),
    ]
    return f"left behind: {left[0].name}" if left else ""


def _has_begun(folder: CorpusFolder, scenario: Scenario) -> bool:
    """Whether an erasure was noted before it was killed, so that the next writer finishes it."""
    return len(receipts(folder)) > len(receipts(CorpusFolder(scenario.before)))


def _check_erasure(folder: CorpusFolder, orders: Orders) -> str:
    """What is wrong with the receipts and the bytes that are left after an erasure."""
    if not all(receipt.is_clean for receipt in receipts(folder)):
        return "a receipt is not clean"
    pier = f"pier {int(Path(orders.sources).stem)}-".encode()
    holding = [path.name for path in folder.path.rglob("*") if path.is_file() and _has(path, pier)]
    return f"it is still in {', '.join(holding)}" if holding else ""


def _has(path: Path, piece: bytes) -> bool:
    return piece in path.read_bytes()
