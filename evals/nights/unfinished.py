"""A night under way: alone in its folder, what it has observed kept until its report is there."""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter, ValidationError

from evals.observing import Missing, Observation
from rag.errors import StorageError, WriterBusy

FOLDER = "unfinished"
PLAN = "plan.json"
_OBSERVATION = TypeAdapter(Observation)


@contextmanager
def only_night(out: Path) -> Iterator[None]:
    """Be the only night that writes to `out`. Raises WriterBusy, StorageError."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        lock = (out / ".lock").open("a+")
    except OSError as error:
        raise StorageError(f"{out} cannot be written: {error.strerror}") from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            lock.seek(0)
            raise WriterBusy(f"another night is under way in {out}: {lock.read()}") from error
        lock.truncate(0)
        lock.write(f"process {os.getpid()}")
        lock.flush()
        yield


class KeptObservations:
    """The samples that a night has asked, in a file; a night of the same plan goes on from there.

    A line that was cut off is asked again, as is a sample that was not answered.
    """

    def __init__(self, out: Path, plan: dict[str, str]) -> None:
        self._folder = out / FOLDER
        self._set_aside: Path | None = None
        try:
            if self._folder.exists() and not self._is_of(plan):
                self._set_aside = _move_aside(self._folder)
            self._folder.mkdir(exist_ok=True)
            (self._folder / PLAN).write_text(json.dumps(plan, indent=1), encoding="utf-8")
        except OSError as error:
            raise StorageError(f"{out} cannot be written: {error.strerror}") from error
        self._path = self._folder / "observations.jsonl"
        self._found = dict(_read(self._path))

    def _is_of(self, plan: dict[str, str]) -> bool:
        try:
            return bool(json.loads((self._folder / PLAN).read_bytes()) == plan)
        except (OSError, ValueError):
            return False

    def notes(self) -> Iterator[str]:
        """What became of a night that was cut off before this one."""
        if self._set_aside:
            yield (
                f"the night that was cut off was of another set, release or setting: "
                f"what it asked is kept in {self._set_aside}"
            )
        if self._found:
            yield f"the night that was cut off goes on: {len(self._found)} samples are asked"

    def find(self, sample_id: str) -> Observation | None:
        """What was observed of a sample before the night was cut off."""
        return self._found.get(sample_id)

    def add(self, sample_id: str, observation: Observation) -> None:
        """Keep what was observed, unless nothing was answered. Raises StorageError."""
        if isinstance(observation.answer, Missing):
            return
        line = json.dumps([sample_id, _OBSERVATION.dump_python(observation, mode="json")])
        try:
            with self._path.open("a", encoding="utf-8") as stream:
                stream.write(f"\n{line}")  # first the end of a line that may have been cut off
        except OSError as error:
            raise StorageError(f"{self._path} cannot be written: {error.strerror}") from error

    def close(self) -> None:
        """The report is written: nothing needs to be resumed."""
        shutil.rmtree(self._folder, ignore_errors=True)


def _read(path: Path) -> Iterator[tuple[str, Observation]]:
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    for line in lines:
        try:
            sample_id, raw = json.loads(line)
            yield sample_id, _OBSERVATION.validate_python(raw)
        except (ValueError, ValidationError):
            continue


def _move_aside(folder: Path) -> Path:
    """Under a name of its own by its plan, so that nothing is written over."""
    plan = folder / PLAN
    name = hashlib.sha256(plan.read_bytes() if plan.exists() else b"").hexdigest()[:8]
    number = 1
    while (aside := folder.with_name(f"{FOLDER}-{name}-{number}")).exists():
        number += 1
    return folder.rename(aside)
