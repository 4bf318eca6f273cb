"""What tells whether a claim is carried: how its words are found in the evidence, and its facts."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from rag.ports import Vectors
from rag.support.facts.comparing import Comparison, compare
from rag.support.facts.statement import Facts, read_facts
from rag.support.reading import Flags, ReadEvidence, ReadText
from rag.support.relations.aligned import Aligned
from rag.support.relations.bindings import DECAY, Binding
from rag.support.relations.comparatives import compare_order
from rag.support.relations.duties import compare_duties
from rag.support.relations.extents import compare_extents

CANDIDATES = 6  # windows whose facts are compared; chosen: more change nothing and cost time
CONTEXT = 0.95  # of a similarity with what stands above; chosen
WIDER = 0.025  # what each further sentence costs a window; chosen
NUMBERS = 0.08  # what the claim's own digits in a window are worth; chosen
AGREEMENT, DIFFERENCE = 0.15, 0.04  # what facts add to and take from a window's fit; chosen
CLAUSE = re.compile(r"[,;:]|because|and|but|which|if|while|so|unless|who|when|for", re.I)
INCLUSION = re.compile(r"\b(?:includ\w+|even|also|without (?:any |an )?exceptions?)\b", re.I)


@dataclass(frozen=True, slots=True)
class Held:
    """A claim held against its best window: signals by name, what was compared, and where."""

    signals: Mapping[str, float]
    comparison: Comparison
    evidence: int
    units: tuple[int, ...]


@dataclass(frozen=True, eq=False, slots=True)
class _Similarities:
    """The best cosine of each word of the claim, a row, to each unit and its context, a column."""

    own: Vectors
    near: Vectors

    def of(self, units: Sequence[int]) -> Vectors:
        """The best of a window and of what stands above it, for each word."""
        best: Vectors = np.maximum(self.own[:, units].max(axis=1), self.near[:, units[0]])
        return best


def hold(claim: ReadText, evidence: ReadEvidence) -> Held | None:
    """The signals of a claim against the window that fits it best; None without words or units."""
    if not claim.spans or not evidence.units:
        return None
    similar = _compare_words(claim, evidence)
    fits = _fit_windows(claim, evidence, similar)
    best = max(
        (
            _weigh_facts(claim, evidence, similar, at, float(fits[at]))
            for at in _first(claim, evidence, fits)
        ),
        key=lambda candidate: candidate[0],
    )
    _, at, comparison = best
    index, units = evidence.windows[at]
    signals = {
        **_word_signals(claim, evidence, similar, units),
        **_fact_signals(claim, evidence, comparison, units),
        "fit": float(fits[at]),
        "sentences": float(len(units)),
        "words": float(claim.is_content.sum()),
        "row": float(evidence.units[units[0]].kind == "row"),
    }
    return Held(signals, comparison, index, units)


def _compare_words(claim: ReadText, evidence: ReadEvidence) -> _Similarities:
    own = np.maximum.reduceat(claim.vectors @ evidence.vectors.T, evidence.starts, axis=1)
    none: Vectors = np.zeros(len(claim.spans), dtype=np.float32)
    contexts = [
        (claim.vectors @ each.vectors.T).max(axis=1) if each.spans else none
        for each in evidence.contexts
    ]
    near: Vectors = np.stack(contexts, axis=1)[:, evidence.context_of]
    return _Similarities(own, near * np.float32(CONTEXT))


def _fit_windows(
    claim: ReadText, evidence: ReadEvidence, similar: _Similarities
) -> npt.NDArray[np.float64]:
    """For each window the claim's words found there, weighed by their rarity."""
    weights = claim.weights / claim.weights.sum()
    places = evidence.window_units
    found = np.maximum(similar.own[:, places].max(axis=2), similar.near[:, places[:, 0]])
    widths = np.array([len(units) for _, units in evidence.windows])
    fits: npt.NDArray[np.float64] = weights @ found - WIDER * (widths - 1.0)
    return fits


def _first(
    claim: ReadText, evidence: ReadEvidence, fits: npt.NDArray[np.float64]
) -> npt.NDArray[np.int64]:
    """The windows that fit best, those with the claim's digits before others."""
    digits = {s for s in claim.stems if s[0].isdigit()}
    found = [digits.intersection(each.stems) for each in evidence.texts]
    shares = [
        len(set().union(*(found[at] for at in units))) / len(digits) if digits else 0.0
        for _, units in evidence.windows
    ]
    return np.argsort(-(fits + NUMBERS * np.array(shares)), kind="stable")[:CANDIDATES]


def window_text(evidence: ReadEvidence, units: Sequence[int]) -> str:
    """What the units of a window say."""
    return " ".join(evidence.units[at].text for at in units)


def _weigh_facts(
    claim: ReadText, evidence: ReadEvidence, similar: _Similarities, at: int, fit: float
) -> tuple[float, int, Comparison]:
    _, units = evidence.windows[at]
    wanted = read_facts(claim.text)
    own = read_facts(window_text(evidence, units))
    homes = _find_homes(claim, evidence, similar, units) if len(units) > 1 else {}
    comparison = compare(wanted, own, read_facts(evidence.units[units[0]].context), homes)
    said = comparison.signals
    count = len(wanted.quantities) + len(wanted.dates)
    agreement = (said["amount agrees"] + said["date agrees"]) / max(1, count)
    differences = said["other amount"] + said["other unit"] + said["other date"]
    lacking = differences + said["names lacking"]
    return fit + AGREEMENT * agreement - DIFFERENCE * lacking, at, comparison


def _find_homes(
    claim: ReadText, evidence: ReadEvidence, similar: _Similarities, units: Sequence[int]
) -> dict[int, Facts]:
    """For each amount and date of the claim the unit that has the words beside it."""
    facts = read_facts(claim.text)
    found = {}
    places = np.arange(len(claim.spans))
    for start in [*(q.start for q in facts.quantities), *(date.start for date in facts.dates)]:
        nearness = np.exp(-np.abs(places - claim.place(start)) / DECAY)
        fits = (claim.weights * nearness) @ similar.own[:, units]
        found[start] = read_facts(evidence.units[units[int(fits.argmax())]].text)
    return found


def _word_signals(
    claim: ReadText, evidence: ReadEvidence, similar: _Similarities, units: Sequence[int]
) -> dict[str, float]:
    """How the words of the claim are found, in the window and anywhere."""
    here = similar.of(units)
    anywhere = np.maximum(similar.own, similar.near).max(axis=1)
    content = claim.is_content
    weights = claim.weights[content] / claim.weights[content].sum()
    whole = claim.weights / claim.weights.sum()
    lowest = np.sort(here[content])
    fifth = max(1, len(lowest) // 5)
    stands = {s for at in units for s in evidence.texts[at].stems}
    stands.update(evidence.contexts[evidence.context_of[units[0]]].stems)
    stems = [s for s, counts in zip(claim.stems, content, strict=True) if counts]
    is_here = np.array([s in stands for s in stems])
    is_known = np.array([s in evidence.stems for s in stems])
    loss = 1 - here[content]
    elsewhere = ~is_here & is_known
    return {
        "similar": float(whole @ here),
        "similar anywhere": float(whole @ anywhere),
        "lowest": float(lowest[0]),
        "second lowest": float(lowest[min(1, len(lowest) - 1)]),
        "lowest fifth": float(lowest[:fifth].mean()),
        "lowest fifth anywhere": float(np.sort(anywhere[content])[:fifth].mean()),
        "missing": float(weights[~is_here].sum()),
        "unknown": float(weights[~is_known].sum()),
        "loss unknown": float((weights * loss)[~is_known].sum()),
        "loss elsewhere": float((weights * loss)[elsewhere].sum()),
        "most lost elsewhere": float(loss[elsewhere].max(initial=0.0)),
        "better elsewhere": float(whole @ np.maximum(0, anywhere - here)),
        "odd": float(loss.max() * weights[is_here].sum() ** 2),
        "lowest clause": _lowest_clause(claim, here),
        **_sense(claim, evidence, units),
    }


def _lowest_clause(claim: ReadText, here: Vectors) -> float:
    """How well the clause is found that is found worst; a single word is none."""
    clauses: list[list[int]] = [[]]
    for at, word in enumerate(claim.words):
        if len(clauses[-1]) > 1 and CLAUSE.fullmatch(word):
            clauses.append([])
        if claim.is_content[at]:
            clauses[-1].append(at)
    if len(clauses) > 1 and len(clauses[-1]) < 2:
        last = clauses.pop()
        clauses[-1] += last
    found = [(claim.weights[c], here[c]) for c in clauses if c]
    return min((float(w @ h / w.sum()) for w, h in found), default=0.0)


def _sense(claim: ReadText, evidence: ReadEvidence, units: Sequence[int]) -> dict[str, float]:
    """Claim and window as a whole, and how much of the window the claim tells."""
    vectors = np.concatenate([evidence.texts[at].vectors for at in units])
    weights = np.concatenate([evidence.texts[at].weights for at in units])
    content: Flags = np.concatenate([evidence.texts[at].is_content for at in units])
    one, two = claim.weights @ claim.vectors, weights @ vectors
    told = (vectors @ claim.vectors.T).max(axis=1)
    return {
        "cosine": float(one @ two / (np.linalg.norm(one) * np.linalg.norm(two) + 1e-9)),
        "told": float(weights[content] @ told[content] / (weights[content].sum() + 1e-9)),
    }


def _fact_signals(
    claim: ReadText, evidence: ReadEvidence, comparison: Comparison, units: Sequence[int]
) -> dict[str, float]:
    said = comparison.signals
    aligned = Aligned(claim, [evidence.texts[at] for at in units])
    compare_duties(aligned, comparison)
    compare_extents(aligned, comparison)
    compare_order(claim, evidence, comparison)
    binding = Binding(aligned, comparison)
    wanted, own = read_facts(claim.text), read_facts(window_text(evidence, units))
    includes = INCLUSION.search(claim.text) and own.tone.exception and not wanted.tone.exception
    differing = sum(said[name] for name in DIFFERING)
    missing = said["amount missing"] + said["date missing"]
    denied = binding.denial_differs(own.tone.denials)
    found = {name: float(said[name]) for name in COUNTED}
    found |= {
        "differing": float(differing),
        "amounts missing": float(missing),
        "denial differs": float(denied),
        "inclusion": float(bool(includes)),
        "amounts swapped": binding.amounts_swapped(),
        "names swapped": binding.names_swapped(),
        "amounts exchanged": binding.amounts_exchanged(own),
        "names exchanged": binding.names_exchanged(),
    }
    is_swapped = sum(found[name] > SWAPPED for name in SWAPS)
    count = differing + missing + said["names lacking"] + said["opposites"] + denied
    count += said["other extent"] + said["only added"]
    count += said["exception left out"] + said["exception added"]
    count += said["other duty"] + said["other order"] + bool(includes) + is_swapped
    return {**found, "faults": float(count), "any fault": float(count > 0)}


DIFFERING = ("other amount", "other unit", "other bound", "other rate", "other date")
COUNTED = (
    *("amount implied", "amount agrees", "date agrees", "names lacking", "opposites"),
    *("other duty", "only added", "exception left out", "all added", "other extent"),
    *("other order", "year missing"),
)
SWAPS = ("amounts swapped", "names swapped", "amounts exchanged", "names exchanged")
SWAPPED = 1.0  # words nearer from which an exchange counts; chosen
