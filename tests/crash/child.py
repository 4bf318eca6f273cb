"""One run over a prepared corpus in a process of its own, which may be told to die in it.

Where it dies is a count of the file-system events that Python audits, so no product code takes part
in it; half of the points come some milliseconds later, in the middle of native code.
"""

import json
import os
import resource
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ingest.corpus.folder import CorpusFolder
    from ingest.corpus.setup import Setup

EVENTS = {
    *("os.rename", "os.mkdir", "os.remove", "os.rmdir", "os.link", "os.truncate"),
    *("sqlite3.connect", "subprocess.Popen"),
    *("shutil.copytree", "shutil.copyfile", "shutil.rmtree"),
}


@dataclass(frozen=True)
class Orders:
    """What a child shall do: `command` is a key of COMMANDS; `die_at` counts from 1, 0 is never.

    `file_bytes` limits the size of any file it writes, 0 does not.
    """

    sources: str
    corpus: str
    report: str
    command: str = "add"
    die_at: int = 0
    delay_s: float = 0.0
    file_bytes: int = 0
    checks_disk: bool = True

    def to_json(self) -> str:
        return json.dumps(asdict(self))


class Fate:
    """Counts events, and ends the whole process group at the appointed one."""

    def __init__(self, orders: Orders) -> None:
        self._orders = orders
        self.events = 0
        self.steps: list[str] = []
        self.step = "scanning"
        self._is_over = False

    def hook(self, event: str, arguments: tuple[Any, ...]) -> None:
        if self._is_over or not (event in EVENTS or _is_write(event, arguments)):
            return
        self.events += 1
        self.steps.append(self.step)
        if self.events == self._orders.die_at:
            self._is_over = True
            if self._orders.delay_s:
                threading.Thread(target=self._die_later, daemon=True).start()
            else:
                self._die()

    def _die_later(self) -> None:
        time.sleep(self._orders.delay_s)
        self._die()

    def _die(self) -> None:
        note(self._orders.report, {"died_in": self.step})
        os.killpg(0, signal.SIGKILL)


def _is_write(event: str, arguments: tuple[Any, ...]) -> bool:
    if event != "open":
        return False
    flags = arguments[2] if len(arguments) > 2 else 0
    return isinstance(flags, int) and bool(flags & (os.O_WRONLY | os.O_RDWR | os.O_CREAT))


def note(report: str, said: dict[str, object]) -> None:
    """Append a line to the report, in one write."""
    descriptor = os.open(report, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    os.write(descriptor, json.dumps(said).encode() + b"\n")
    os.close(descriptor)


def watch_steps(fate: Fate) -> None:
    """Have the fate know which step is under way."""
    from ingest.releases import erasure, publishing
    from ingest.runs import adding, erasing

    def named(step: str, work: Callable[..., Any]) -> Callable[..., Any]:
        def run(*args: Any, **kwargs: Any) -> Any:
            fate.step = step
            return work(*args, **kwargs)

        return run

    for owner, name, step in (
        (adding, "read_sources", "reading"),
        (adding, "_embed", "embedding"),
        (adding, "release", "building"),
        (publishing, "settle", "verifying"),
        (publishing, "put_in_place", "publishing"),
        (publishing, "make_live", "going live"),
        (publishing, "remove_old_releases", "cleaning up"),
        (erasing, "begin", "noting an erasure"),
        (erasure, "may_hold", "erasing"),
        (erasure, "remove_release", "removing releases"),
        (erasure, "drop_unused", "dropping originals"),
        (erasure, "_close", "scanning"),
    ):
        setattr(owner, name, named(step, getattr(owner, name)))


def main(arguments: Sequence[str]) -> int:
    """Do what the orders in the first argument say; returns the exit code."""
    orders = Orders(**json.loads(arguments[0]))
    from rag.errors import RagError

    if orders.file_bytes:
        resource.setrlimit(resource.RLIMIT_FSIZE, (orders.file_bytes, orders.file_bytes))
    fate = Fate(orders)
    watch_steps(fate)
    try:
        sys.addaudithook(fate.hook)
        _work(orders)
    except RagError as error:
        sys.stderr.write(f"{error}\n")
        return error.exit_code
    note(orders.report, {"steps": fate.steps})
    return 0


def _work(orders: Orders) -> None:
    from ingest.corpus.folder import CorpusFolder
    from ingest.releases import releasing

    if not orders.checks_disk:
        setattr(releasing, "estimate_bytes", lambda ledger, embedder: 0)  # noqa: B010 - for mypy
    setup = equip(lambda texts: note(orders.report, {"embedded": texts}))
    COMMANDS[orders.command](CorpusFolder(Path(orders.corpus)), setup, orders.sources)


def equip(tell: Callable[[int], None]) -> "Setup":
    """Real indexes and the in-memory embedder, which tells how many texts it embeds.

    Much may be gone at once, since the corpora of these runs are small.
    """
    from ingest.corpus.setup import ChosenEmbedder, Setup
    from rag.adapters.memory.release import HashingEmbedder
    from rag.bootstrap import index_engines, load_index_builders
    from rag.ports import Vectors

    class Counting(HashingEmbedder):
        def embed_documents(self, texts: Sequence[str]) -> Vectors:
            tell(len(texts))
            return super().embed_documents(texts)

    return Setup(
        embedder=ChosenEmbedder(Counting.fingerprint, Counting),
        engines=index_engines(),
        load_engines=load_index_builders,
        allow_shrink=True,
        exact_up_to=0,
    )


def _add(folder: "CorpusFolder", setup: "Setup", sources: str) -> None:
    from ingest.runs.adding import add
    from ingest.sources.scanning import scan

    add(folder, scan([sources]), setup)


def _resume(folder: "CorpusFolder", setup: "Setup", sources: str) -> None:
    _add(folder, replace(setup, resume=True), sources)


def _roll_back(folder: "CorpusFolder", setup: "Setup", sources: str) -> None:
    from ingest.runs.upkeep import choose

    choose(folder, setup, folder.numbers()[0])


def _forget(folder: "CorpusFolder", setup: "Setup", sources: str) -> None:
    from ingest.runs import erasing

    erasing.forget(folder, setup, sources=[sources])


def _build(folder: "CorpusFolder", setup: "Setup", sources: str) -> None:
    _add(folder, replace(setup, build=True), sources)


def _collect(folder: "CorpusFolder", setup: "Setup", sources: str) -> None:
    from ingest.runs.upkeep import collect_garbage

    collect_garbage(folder, setup)


COMMANDS: dict[str, "Callable[[CorpusFolder, Setup, str], None]"] = {
    "add": _add,
    "resume": _resume,
    "build": _build,
    "rollback": _roll_back,
    "forget": _forget,
    "gc": _collect,
}


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
