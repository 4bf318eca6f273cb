"""What an answer cites and says, held against evidence; None where a measure does not apply."""

from collections.abc import Callable, Sequence

from evals.metrics import ranking, wording
from evals.observing import CitationCheck, Observation
from evals.samples.locating import Target
from evals.samples.sample import Sample
from rag.domain import Answer, Citation, Verdict
from rag.text.lengths import estimate_tokens

NEARLY_ALL = 0.9
"""Chosen: a reference of ten words may have one that the documents say otherwise."""

Score = Callable[[Sample, Answer, Observation], float | None]


def right(sample: Sample, answer: Answer, observation: Observation) -> float | None:
    """1 if an answerable question was answered citing evidence, another one abstained from."""
    is_answered = answer.status != "abstained"
    if not sample.is_answerable:
        return float(not is_answered)
    return float(is_answered and _share_cited(answer, observation) > 0)


def share_of_checks(told: Callable[[CitationCheck], bool | None]) -> Score:
    """Share of the citations that are in this respect what they say, of those that say it."""

    def score(_: Sample, __: Answer, observation: Observation) -> float | None:
        found = [told(check) for check in observation.citation_checks]
        known = [each for each in found if each is not None]
        return sum(known) / len(known) if known else None

    return score


def sentence_support(_: Sample, answer: Answer, __: Observation) -> float | None:
    """Share of the answer's sentences, as far as they were checked, that a source supports."""
    checked = [each for each in answer.sentences if each.verdict != "not_checked"]
    supported = sum(each.verdict == "supported" for each in checked)
    return supported / len(checked) if checked else None


def count_sentences(verdict: Verdict) -> Score:
    """How many sentences of a given answer have that verdict."""

    def score(_: Sample, answer: Answer, __: Observation) -> float | None:
        if answer.status == "abstained":
            return None
        return float(sum(each.verdict == verdict for each in answer.sentences))

    return score


def citation_precision(sample: Sample, answer: Answer, observation: Observation) -> float | None:
    """Share of citations that touch evidence; applies where something was cited, or should be.

    Where evidence is gone it is 0, so that an abstention does not take the sample out of the mean.
    """
    if not sample.is_answerable:
        return None
    if not observation.is_evidence_there:
        return 0.0
    if not answer.citations:
        return None
    targets = observation.targets
    good = [c for c in answer.citations if any(_cites(c, target) for target in targets)]
    return len(good) / len(answer.citations)


def citation_recall(sample: Sample, answer: Answer, observation: Observation) -> float | None:
    """Share of the pieces of evidence that a citation touches; 0 for an abstention."""
    return _share_cited(answer, observation) if sample.is_answerable else None


def _share_cited(answer: Answer, observation: Observation) -> float:
    if not observation.is_evidence_there:
        return 0.0
    targets = observation.targets
    cited = [target for target in targets if any(_cites(c, target) for c in answer.citations)]
    return len(cited) / len(targets)


def in_force_first(_: Sample, answer: Answer, observation: Observation) -> float | None:
    """1 unless the first citation is of a superseded document that holds no evidence."""
    if not answer.citations or not observation.targets:
        return None
    first = answer.citations[0].document
    is_asked_for = first.version in _versions(observation.targets)
    return float(first.superseded_by is None or is_asked_for)


def in_force_beside(_: Sample, answer: Answer, observation: Observation) -> float | None:
    """1 unless what replaces a superseded document that is cited is not cited beside it.

    A superseded document that holds evidence is what was asked for.
    """
    if not answer.citations or not observation.targets:
        return None
    asked_for = _versions(observation.targets)
    documents = [citation.document for citation in answer.citations]
    replaced = {each.superseded_by for each in documents if each.version not in asked_for}
    return float(replaced - {None} <= {each.id for each in documents})


def _versions(targets: Sequence[Target]) -> set[str]:
    return {place.version for target in targets for place in target.places}


def both_sides(sample: Sample, answer: Answer, observation: Observation) -> float | None:
    """1 if all evidence of a contradiction is cited."""
    if "contradiction" not in sample.tags:
        return None
    return float(_share_cited(answer, observation) == 1)


def key_facts(sample: Sample, answer: Answer, _: Observation) -> float | None:
    """1 if the answer holds nearly all of the reference's words and numbers."""
    share = of_reference(wording.containment)(sample, answer, _)
    return None if share is None else float(share >= NEARLY_ALL)


def of_reference(share: Callable[[str, str], float | None]) -> Score:
    """Of the reference's words in the answer; 0 for an abstention."""

    def score(sample: Sample, answer: Answer, _: Observation) -> float | None:
        if not sample.is_answerable:
            return None
        return share(sample.reference, "" if answer.status == "abstained" else answer.text)

    return score


def context_tokens(_: Sample, answer: Answer, __: Observation) -> float | None:
    """About how many tokens the passages have that the answer could rest on."""
    return sum(estimate_tokens(passage.text) for passage in answer.passages)


def answer_tokens(_: Sample, answer: Answer, __: Observation) -> float | None:
    """Tokens of the answer, as the provider counts them, estimated where nobody does."""
    return float(answer.usage.completion_tokens)


def _cites(citation: Citation, target: Target) -> bool:
    return ranking.touches(target, citation.document.version, citation.span)
