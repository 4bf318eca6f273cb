"""A provider that is down is left alone for a while, so that not every question waits for it."""

import time

FAILURES, WITHIN_S = 5, 30.0  # chosen: some questions of a small team, each tried several times
PAUSE_S = 15.0  # chosen: a provider that restarts is back by then


class Breaker:
    """Counts failures in a row; after several in a short time one request at a time may try."""

    def __init__(self) -> None:
        self._failed_at: list[float] = []
        self._paused_until = 0.0

    def wait_s(self) -> float:
        """Seconds until the provider is asked again; 0 lets this request try."""
        now = time.monotonic()
        if now < self._paused_until:
            return self._paused_until - now
        if self._paused_until:
            self._paused_until = now + PAUSE_S
        return 0.0

    def note_success(self) -> None:
        """The provider answers."""
        self._failed_at, self._paused_until = [], 0.0

    def note_failure(self) -> None:
        """It did not."""
        now = time.monotonic()
        self._failed_at = [at for at in self._failed_at if at > now - WITHIN_S] + [now]
        if len(self._failed_at) >= FAILURES or self._paused_until:
            self._paused_until = now + PAUSE_S
