"""Random changes of labels, side-cars and files against a small model: nothing widens unsaid.

`ACCESS_SEQUENCES=1000` runs as many; each is made from its own seed.
"""

import json
import os
import random
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

import pytest

from ingest.corpus.opening import open_ledger
from ingest.formats.table import extract
from ingest.limits import Limits
from ingest.runs.outcomes import Report
from ingest.sandbox.workers import Extracted, Job
from ingest.text.chunking import draft_chunks
from rag.errors import ExtractionFailed
from tests.ingest.corpora import SmallCorpus

SEQUENCES = int(os.environ.get("ACCESS_SEQUENCES", "100" if os.environ.get("THOROUGH") else "20"))
STEPS = 10
FILES = ("a.md", "b.md", "in/c.md", "in/d.md", "in/deep/e.md")
FOLDERS = ("", "in", "in/deep")
ACLS = ("public", "hr", "board", "hr,board", "it")
BROKEN = "{"
Readers = frozenset[str]


class ReaderInPlace:
    """Reads in this process, in place of a pool that takes a second to start."""

    def __init__(self, workers: int, limits: Limits) -> None:
        self._limits = limits

    def __enter__(self) -> "ReaderInPlace":
        return self

    def __exit__(self, *error: object) -> None:
        return None

    def run(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Extracted | ExtractionFailed]]:
        """Each job's result."""
        for job in jobs:
            extraction = extract(job.path, job.name, limits=self._limits)
            yield job, Extracted(extraction, draft_chunks(extraction.text, is_markdown=True))


def by_both(one: Readers, other: Readers) -> Readers:
    if "public" in one or "public" in other:
        return other if "public" in one else one
    return one & other


def is_wider(one: Readers, other: Readers) -> bool:
    """Whether somebody reads by `one` who does not by `other`."""
    return "public" not in other and ("public" in one or not one <= other)


class Model:
    """What must hold of each file, worked out from all that was done, without the ledger."""

    def __init__(self) -> None:
        self.files: dict[str, str] = {}
        self.side_cars: dict[str, str] = {}
        self.said: list[tuple[str, Readers]] = []
        self.last: dict[str, Readers] = {}
        self.versions: dict[tuple[str, str], Readers] = {}
        self.documents: dict[str, tuple[str, Readers]] = {}
        self.rows: set[str] = set()
        self.roots: set[str] = set()

    def wanted(self, name: str) -> Readers | None:
        """Whom the labels name: the last word on a root around it, then side-cars; None: broken."""
        readers = frozenset(["public"])
        for root, acl in self.said:
            if not root or name.startswith(f"{root}/"):
                readers = acl
        folders = [str(each) for each in reversed(PurePosixPath(name).parents)]
        places = [*("" if each == "." else each for each in folders), name]
        if "" not in self.roots:
            places.remove("")
        found = [self.side_cars[place] for place in places if place in self.side_cars]
        if BROKEN in found:
            return None
        return frozenset(found[-1].split(",")) if found else readers

    def add(self, root: str, acl: str, *, widen: bool) -> tuple[set[str], set[str]]:
        """Take in a run; the documents that it holds back, and those that it lets be wider."""
        self.roots.add(root)
        if acl:
            self.said.append((root, frozenset(acl.split(","))))
        below = f"{root}/" if root else ""
        for name in [name for name in self.documents if name.startswith(below)]:
            if name not in self.files:
                del self.documents[name]
        self.rows -= {name for name in self.rows - self.files.keys() if name.startswith(below)}
        held: set[str] = set()
        widened: set[str] = set()
        there = sorted(name for name in self.files if name.startswith(below))
        self.rows |= {name for name in there if self.wanted(name) is None}
        for name in there:
            wanted, text = self.wanted(name), self.files[name]
            if wanted is None:
                self.documents.pop(name, None)
                continue
            before = self._before(name, text)
            readers = wanted
            if before is not None and is_wider(wanted, before):
                (widened if widen else held).add(name)
                readers = wanted if widen else by_both(wanted, before)
            self.documents[name] = (text, readers)
            self.last[name] = self.versions[name, text] = readers
            self.rows.add(name)
        return held, widened

    def _before(self, name: str, text: str) -> Readers | None:
        if name in self.last:
            return self.last[name]
        places = {
            other: readers for (other, content), readers in self.versions.items() if content == text
        }
        if places.keys() <= self.rows:
            return None
        return frozenset().union(*places.values())


class World:
    """A folder with its corpus, changed at random together with the model of it."""

    def __init__(self, root: Path, seed: int) -> None:
        self.random = random.Random(seed)
        self.corpus = SmallCorpus(root)
        self.model = Model()
        self.clock = 10**18

    def change(self) -> None:
        """One change of a file or a side-car."""
        pick = self.random.choice
        act = pick(("write", "write", "delete", "move", "label", "label", "unlabel", "break"))
        name = pick(FILES)
        place = pick((*FILES, *FOLDERS))
        if act == "write":
            text = f"Text {self.random.randrange(6)} of something."
            self._put(name, text)
            self.model.files[name] = text
        elif act in ("delete", "move") and name in self.model.files:
            text = self.model.files.pop(name)
            (self.corpus.sources / name).unlink()
            if act == "move":
                target = pick([each for each in FILES if each != name])
                self._put(target, text)
                self.model.files[target] = text
        elif act in ("label", "break"):
            acl = pick(ACLS) if act == "label" else BROKEN
            content = BROKEN if acl == BROKEN else json.dumps({"acl": acl.split(",")})
            self._put(self._side_car(place), content)
            self.model.side_cars[place] = acl
        elif act == "unlabel" and self.model.side_cars.pop(place, ""):
            (self.corpus.sources / self._side_car(place)).unlink()

    def _side_car(self, place: str) -> str:
        is_folder = place in FOLDERS
        return f"{place}/.meta.json".lstrip("/") if is_folder else f"{place}.meta.json"

    def _put(self, name: str, text: str) -> None:
        path = self.corpus.write(name, text)
        self.clock += 1
        os.utime(path, ns=(self.clock, self.clock))

    def run(self) -> None:
        """One `add`, and all that must hold after it."""
        root = self.random.choice(("", "", "in"))
        below = f"{root}/" if root else ""
        if not any(name.startswith(below) for name in self.model.files):
            return
        acl = self.random.choice(("", "", *ACLS))
        widen = self.random.random() < 0.15
        before = dict(self.model.last)
        report = self.corpus.add_as(acl, self.corpus.sources / root, widen=widen, allow_shrink=True)
        held, widened = self.model.add(root, acl, widen=widen)
        self._check(report, held, widened, before)

    def _check(
        self, report: Report, held: set[str], widened: set[str], before: dict[str, Readers]
    ) -> None:
        with open_ledger(self.corpus.folder.ledger) as ledger:
            names = ledger.names()
            readers = {self._name(uri): frozenset(ledger.readers(uri) or ()) for uri in names}
            self.model.rows = {self._name(uri) for uri in ledger.sources()}
        listed = {self._name(each.uri) for each in report.reading.widened}
        for name, now in readers.items():
            if name in before and is_wider(now, before[name]):
                assert name in listed, f"{name} is wider: {before[name]} -> {now}"
        assert readers == {name: each for name, (_, each) in self.model.documents.items()}
        assert {self._name(each.uri) for each in report.reading.held} == held
        assert listed == widened
        assert not held or report.exit_code == 1

    def _name(self, uri: str) -> str:
        return uri.removeprefix(f"{self.corpus.sources.as_uri()}/")


@pytest.mark.slow
@pytest.mark.parametrize("block", range(4))
def test_nothing_widens_unsaid_and_all_narrowing_holds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block: int
) -> None:
    monkeypatch.setattr("ingest.runs.reading.ExtractionPool", ReaderInPlace)
    for seed in range(block, SEQUENCES, 4):
        (tmp_path / f"{seed}").mkdir()
        world = World(tmp_path / f"{seed}", seed)
        try:
            for _ in range(STEPS):
                for _ in range(world.random.randrange(1, 4)):
                    world.change()
                world.run()
        except AssertionError as error:
            raise AssertionError(f"seed {seed}: {error}") from error
