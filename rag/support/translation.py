"""A claim in another language than its evidence: whole sentences compared, then the facts.

Numbers, dates and names are the same in both; for the sense there is a multilingual embedder.
"""

import re
from collections.abc import Iterable, Sequence

import numpy as np

from rag.ports import Embedder, Evidence
from rag.support.evidence_units import Unit, list_runs, list_windows, split_units
from rag.support.facts.comparing import Comparison, compare
from rag.support.facts.statement import Facts, read_facts
from rag.support.signals import DIFFERING, Held
from rag.support.words import STOP_WORDS

CAPITALIZED = re.compile(r"(?<![.!?] )\b[A-Z][\w-]+")
AGREEMENT = 0.05  # of cosine; those of multilingual-e5-small lie between .75 and .95
CANDIDATES = 5  # windows whose facts are compared; chosen


def hold_translated(
    claim: str, evidence: Sequence[Evidence], embedder: Embedder
) -> tuple[Held, tuple[Unit, ...]] | None:
    """The signals of a claim against the window nearest in sense; None where there is no unit."""
    runs = [(at, run) for at, each in enumerate(evidence) for run in list_runs(split_units(each))]
    units = tuple(unit for _, run in runs for unit in run)
    if not units:
        return None
    vectors = embedder.embed_queries([unit.text for unit in units])
    windows: list[tuple[int, tuple[int, ...]]] = []
    first = 0
    for index, run in runs:
        windows += [(index, tuple(first + at for at in each)) for each in list_windows(run)]
        first += len(run)
    sums = np.stack([vectors[list(places)].sum(axis=0) for _, places in windows])
    sums /= np.linalg.norm(sums, axis=1, keepdims=True)
    cosines = sums @ embedder.embed_queries([claim])[0]
    wanted = read_facts(claim)
    best = max(
        (
            (_agree(wanted, units, windows[at][1], float(cosines[at])), at)
            for at in np.argsort(-cosines)[:CANDIDATES]
        ),
        key=lambda candidate: candidate[0][0],
    )
    (_, comparison), at = best
    index, places = windows[at]
    signals = _signals(wanted, comparison, float(cosines[at]), float(np.median(cosines)))
    signals["names elsewhere"] = float(_count_names_elsewhere(claim, units, places))
    return Held(signals, comparison, index, places), units


def list_sentences(held: Iterable[tuple[str, Sequence[Evidence]]]) -> list[str]:
    """The texts whose vectors `hold_translated` will ask for, each once."""
    claims = [claim for claim, _ in held]
    evidence = dict.fromkeys(each for _, group in held for each in group)
    runs = (run for each in evidence for run in list_runs(split_units(each)))
    return list(dict.fromkeys([*claims, *(unit.text for run in runs for unit in run)]))


def _count_names_elsewhere(claim: str, units: Sequence[Unit], places: Sequence[int]) -> int:
    """How many names of the claim stand only where the window is not; nouns of German nowhere."""
    here = _names(" ".join(f"{units[at].context} {units[at].text}" for at in places))
    known = _names(" ".join(unit.text for unit in units))
    return len(_names(claim) & known - here)


def _names(text: str) -> set[str]:
    return {word for word in CAPITALIZED.findall(text) if word.lower() not in STOP_WORDS}


def _agree(
    wanted: Facts, units: Sequence[Unit], places: Sequence[int], cosine: float
) -> tuple[float, Comparison]:
    own = read_facts(" ".join(units[at].text for at in places))
    comparison = compare(wanted, own, read_facts(units[places[0]].context))
    said = comparison.signals
    count = max(1, len(wanted.quantities) + len(wanted.dates))
    return cosine + AGREEMENT * (said["amount agrees"] + said["date agrees"]) / count, comparison


def _signals(
    wanted: Facts, comparison: Comparison, cosine: float, usual: float
) -> dict[str, float]:
    said = comparison.signals
    count = len(wanted.quantities) + len(wanted.dates)
    agrees = said["amount agrees"] + said["date agrees"]
    return {
        "cosine": cosine,
        "lead": cosine - usual,
        "agreeing": agrees / count if count else 0.5,
        "differing": float(sum(said[name] for name in DIFFERING)),
        "amounts missing": float(said["amount missing"] + said["date missing"]),
    }
