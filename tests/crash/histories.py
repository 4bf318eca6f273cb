"""Random histories of a corpus, in which every text holds a word that is nowhere else.

After an erasure whose receipt says that nothing is left, no such word of the erased source may be
found in any file; and no erasure may be refused while a release or an original still holds one.
"""

import hashlib
import random
import shutil
import string
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from ingest.corpus.history import hash_uri
from ingest.releases.erasure import Receipt
from ingest.releases.publishing import CorpusFolder
from ingest.releases.workshop import Workshop
from ingest.runs import erasing, upkeep
from ingest.runs.adding import add
from ingest.sources.scanning import scan
from rag.errors import ReleaseNotFound, SourceNotFound, UsageError
from tests.crash.child import Orders, equip
from tests.crash.harness import run_child

STEPS = 16
SUFFIXES = (".md", ".txt", ".html", ".csv")
MOST_EVENTS = 120
"""Children are killed at one of so many file-system events; some end before."""


@dataclass
class History:
    """One corpus, its sources on the disk, and what was ever read of them."""

    root: Path
    seed: int
    problems: list[str] = field(default_factory=list)
    receipts: int = 0
    refused: int = 0
    kills: int = 0
    texts: dict[str, str] = field(default_factory=dict)
    read: dict[str, set[str]] = field(default_factory=dict)
    erased: set[str] = field(default_factory=set)
    words: int = 0

    def __post_init__(self) -> None:
        """Begin with an empty corpus and some sources."""
        self.chance = random.Random(self.seed)
        self.sources = self.root / "docs"
        self.sources.mkdir(parents=True)
        self.folder = CorpusFolder(self.root / "data" / "corpora" / "small")
        for _ in range(5):
            self.write()
        self.sync()

    def run(self) -> None:
        """Take random steps, the last of which is an erasure."""
        steps: tuple[Callable[[], None], ...] = (
            *(self.write, self.edit, self.edit, self.rename, self.copy, self.empty, self.delete),
            *(self.sync, self.sync, self.sync, self.resume, self.build, self.roll_back, self.pin),
            *(self.collect, self.kill, self.forget),
        )
        for _ in range(STEPS):
            step = self.chance.choice(steps)
            held, live = self.folder.hold(), self.folder.live()
            step()
            if held and step in (self.sync, self.build) and self.folder.live() != live:
                self.problems.append(f"seed {self.seed}: {step.__name__} ended a hold")
        self.forget()

    def line(self) -> str:
        """A line with a new word."""
        self.words += 1
        letters = "".join(self.chance.choices(string.ascii_uppercase, k=20))
        return f"The harbour keeps note {self.seed:05}x{self.words:04}{letters} for ever."

    def name(self) -> str | None:
        """Any source that is on the disk."""
        return self.chance.choice(sorted(self.texts)) if self.texts else None

    def put(self, name: str, text: str) -> None:
        """Have a source on the disk."""
        self.texts[name] = text
        (self.sources / name).write_text(text)

    def write(self) -> None:
        """A new source."""
        lines = "\n\n".join(self.line() for _ in range(self.chance.randint(1, 4)))
        name = f"s{self.words:04}{self.chance.choice(SUFFIXES)}"
        self.put(name, lines if name.endswith(".csv") else f"# Notes\n\n{lines}\n")

    def edit(self) -> None:
        """Another text, or the same with a line more."""
        if name := self.name():
            kept = self.texts[name] if self.chance.random() < 0.5 else ""
            self.put(name, f"{kept}\n\n{self.line()}\n")

    def rename(self) -> None:
        """The same text under another name."""
        if name := self.name():
            self.put(f"r{self.words:04}{name}", self.texts[name])
            self.words += 1
            self.remove(name)

    def copy(self) -> None:
        """The same text under two names."""
        if name := self.name():
            self.put(f"c{self.words:04}{name}", self.texts[name])
            self.words += 1

    def empty(self) -> None:
        """No text at all."""
        if name := self.name():
            self.put(name, "")

    def delete(self) -> None:
        """A source less."""
        if len(self.texts) > 1 and (name := self.name()):
            self.remove(name)

    def remove(self, name: str) -> None:
        """Take a source from the disk."""
        del self.texts[name]
        (self.sources / name).unlink()

    def workshop(self) -> Workshop:
        """Real indexes; releases are not verified, since that takes most of the time."""
        return replace(equip(lambda texts: None), verify=lambda release: None)

    def note(self) -> None:
        """Remember what a run may have read."""
        for name, text in self.texts.items():
            self.read.setdefault(name, set()).add(text)

    def sync(self, *, resume: bool = False, build: bool = False) -> None:
        """An ordinary run."""
        self.note()
        workshop = replace(self.workshop(), resume=resume, build=build)
        add(self.folder, scan([str(self.sources)]), workshop)

    def resume(self) -> None:
        """A run that ends a hold."""
        self.sync(resume=True)

    def build(self) -> None:
        """A run that leaves what is live."""
        with suppress(UsageError):  # nothing is live yet
            self.sync(build=True)

    def roll_back(self) -> None:
        """The release before."""
        with suppress(ReleaseNotFound):
            upkeep.choose(self.folder, self.workshop())

    def pin(self) -> None:
        """The live release for ever."""
        if live := self.folder.live():
            upkeep.pin(self.folder, self.workshop(), live, is_pinned=True)

    def collect(self) -> None:
        """A garbage collection."""
        upkeep.collect_garbage(
            self.folder, replace(self.workshop(), keep=self.chance.choice((1, 3)))
        )

    def kill(self) -> None:
        """A run or an erasure that dies somewhere."""
        if self.chance.random() < 0.5:
            self.note()
            self.child("add", self.sources)
        elif known := sorted(self.read):
            self.forget(self.chance.choice(known), is_killed=True)

    def child(self, command: str, target: Path) -> None:
        """A process that is killed, if it gets so far."""
        self.kills += 1
        orders = Orders(str(target), str(self.folder.path), str(self.root / "report"), command)
        run_child(replace(orders, die_at=self.chance.randint(1, MOST_EVENTS)))

    def forget(self, name: str = "", *, is_killed: bool = False) -> None:
        """Erase a source that was read at some time, and look for what is left of it."""
        name = name or self.chance.choice(sorted(self.read))
        target = self.sources / name
        before = {receipt.id for receipt in erasing.receipts(self.folder)}
        if is_killed:
            self.child("forget", target)
            self.collect()
        made = [each for each in erasing.receipts(self.folder) if each.id not in before]
        if not made:
            try:
                made = [erasing.forget(self.folder, self.workshop(), sources=[str(target)])]
            except SourceNotFound:
                self.refused += 1
                self.look(name, "it was refused")
                return
        self.receipts += len(made)
        for receipt in made:
            self.erased |= {each for each in self.read if self.uri(each) in receipt.sources}
            if not receipt.is_clean:
                self.problems.append(f"seed {self.seed}: {receipt} is not clean")
            self.look_for_originals(receipt)
        self.look(name, "a receipt says that nothing is left")

    def uri(self, name: str) -> str:
        """The hash by which a receipt knows a source."""
        return hash_uri((self.sources / name).resolve().as_uri())

    def look(self, name: str, why: str) -> None:
        """Find words that only the erased source ever held."""
        gone = _words(self.read[name])
        stay = {each: texts for each, texts in self.read.items() if each not in self.erased}
        stay.pop(name, None)
        for texts in stay.values():
            gone -= _words(texts)
        for path in _files(self.root / "data"):
            content = path.read_bytes()
            if found := [word for word in gone if word.encode() in content]:
                self.problems.append(f"seed {self.seed}: {path} holds {found[0]} though {why}")

    def look_for_originals(self, receipt: Receipt) -> None:
        """Find originals of erased versions that no source that stays holds too."""
        texts = [
            text for name, read in self.read.items() if name not in self.erased for text in read
        ]
        stay = {hashlib.sha256(text.encode()).hexdigest() for text in texts}
        for sha256 in {*receipt.versions} - stay:
            if (self.folder.blobs / sha256[:2] / sha256).exists():
                self.problems.append(f"seed {self.seed}: the original {sha256} is still there")


def _words(texts: set[str]) -> set[str]:
    return {word for text in texts for word in text.split() if "x" in word and len(word) > 25}


def _files(folder: Path) -> Iterator[Path]:
    return (path for path in folder.rglob("*") if path.is_file())


def try_histories(root: Path, seeds: range) -> tuple[str, list[str]]:
    """A line of counts, and what was wrong."""
    tried = []
    for seed in seeds:
        history = History(root / str(seed), seed)
        history.run()
        tried.append(history)
        shutil.rmtree(history.root)
    problems = [problem for history in tried for problem in history.problems]
    receipts, refused, kills = (
        sum(getattr(history, name) for history in tried)
        for name in ("receipts", "refused", "kills")
    )
    held = sum(not history.problems for history in tried)
    return (
        f"histories: {held} of {len(tried)} held; {receipts} receipts, {refused} refused, "
        f"{kills} children killed",
        problems,
    )
