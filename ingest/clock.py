"""When something happened, and how long it took."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime


def now_utc() -> str:
    """The time in UTC as it is recorded everywhere, to the second."""
    return datetime.now(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


class Stopwatch:
    """Adds up the seconds that the stages of a run take."""

    def __init__(self) -> None:
        self._began = time.monotonic()
        self._stages: dict[str, float] = {}

    @contextmanager
    def timing(self, stage: str) -> Iterator[None]:
        """Add what happens inside to `stage`."""
        began = time.monotonic()
        try:
            yield
        finally:
            self._stages[stage] = self._stages.get(stage, 0.0) + time.monotonic() - began

    def stages(self) -> dict[str, float]:
        """Seconds of each stage, to the millisecond."""
        return {stage: round(seconds, 3) for stage, seconds in self._stages.items()}

    def total(self) -> float:
        """Seconds since the start, to the millisecond."""
        return round(time.monotonic() - self._began, 3)
