"""Two stretches of time and what was asked in them, of the service's log or of a file."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import numpy as np
from pydantic import TypeAdapter, ValidationError

from evals.samples.validation import first_fault
from evals.statistics.paired import SEED
from rag.errors import UsageError
from rag.journal.exchange import Exchange

CURRENT_DAYS = 7  # chosen: a week, so that each of its days is in it
REFERENCE_DAYS = 28  # chosen: the four weeks before
MOST_COMPARED = 500  # chosen: embedded in 7 s and shuffled in 5; 200 find a changed topic
EXCHANGE = TypeAdapter(Exchange)


@dataclass(frozen=True, slots=True)
class Period:
    """From `start` to before `end`, ISO times in UTC."""

    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Window:
    """What was asked in a period; `of` counts all, `exchanges` are at most 500 drawn of them."""

    period: Period
    exchanges: tuple[Exchange, ...]
    of: int


def choose_periods(reference: str | None, current: str | None, now: datetime) -> list[Period]:
    """The last week and the four before it, as far as no others were named. Raises UsageError."""
    if current:
        later = _parse_period(current)
    else:
        later = Period((now - timedelta(days=CURRENT_DAYS)).isoformat(), now.isoformat())
    if reference:
        earlier = _parse_period(reference)
    else:
        start = datetime.fromisoformat(later.start) - timedelta(days=REFERENCE_DAYS)
        earlier = Period(start.isoformat(), later.start)
    if earlier.start < later.end and later.start < earlier.end:
        raise UsageError("--reference and --current overlap: name two periods that do not")
    return [earlier, later]


def _parse_period(text: str) -> Period:
    """`FROM..TO`, two days, both within."""
    start, _, end = text.partition("..")
    try:
        first, last = date.fromisoformat(start), date.fromisoformat(end)
    except ValueError as error:
        raise UsageError(f"{text!r} is not FROM..TO, as in 2026-11-01..2026-11-07") from error
    if last < first:
        raise UsageError(f"{text!r} ends before it begins")
    return Period(_midnight(first), _midnight(last + timedelta(days=1)))


def draw_window(period: Period, exchanges: Iterable[Exchange]) -> Window:
    """What of `exchanges` is in the period, or a seeded draw where it is much."""
    found = [each for each in exchanges if period.start <= each.asked < period.end]
    drawn = found
    if len(found) > MOST_COMPARED:
        places = np.random.default_rng(SEED).choice(len(found), MOST_COMPARED, replace=False)
        drawn = [found[place] for place in sorted(places)]
    return Window(period, tuple(drawn), len(found))


def read_log(path: Path, corpus: str) -> list[Exchange]:
    """The lines of a JSONL file about a corpus, or about none; times are made UTC.

    Raises UsageError, which names the line.
    """
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"the log {path} cannot be read: {error}") from error
    found = [_read_line(path, at, line) for at, line in enumerate(lines, 1) if line.strip()]
    return [each for each in found if each.corpus in ("", corpus)]


def _read_line(path: Path, number: int, line: str) -> Exchange:
    try:
        exchange = EXCHANGE.validate_json(line)
        asked = datetime.fromisoformat(exchange.asked)
    except ValidationError as error:
        raise UsageError(f"{path}, line {number}: {first_fault(error)}") from error
    except ValueError as error:
        raise UsageError(f"{path}, line {number}: asked: {error}") from error
    utc = asked.replace(tzinfo=UTC) if asked.tzinfo is None else asked.astimezone(UTC)
    return replace(exchange, asked=utc.isoformat())


def _midnight(day: date) -> str:
    return datetime.combine(day, time(), UTC).isoformat()
