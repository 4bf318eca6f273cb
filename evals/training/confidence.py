"""The confidence's coefficients: a logistic regression over the signals of searches.

A question whose documents are there should be answered; one that no document answers, or whose
documents are left out, should not. `docs/models/confidence.md` names the data and the results.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from evals.samples.locating import Sources, find_target
from evals.samples.reading import read_set
from evals.samples.sample import Sample
from evals.training.regression import fit, round_off
from rag.adapters.embedding.micro_batching import MicroBatchingEmbedder
from rag.bootstrap import load_embedder, open_release
from rag.learning.asking import make_questions
from rag.learning.calibration import (
    Asked,
    ask,
    ask_without,
    average_closeness,
    find_candidates,
    sample_chunks,
)
from rag.ports import Embedder
from rag.releases.embedders import vector_space
from rag.releases.folder import OpenRelease, release_folder
from rag.retrieval.confidence import AS_IT_IS, COEFFICIENTS, KINDS, Signals
from rag.retrieval.query import Query
from rag.settings import Settings

REGULARIZATION = 0.3  # scikit-learn's C; from .1 to 3 the same within .005


@dataclass(frozen=True, slots=True)
class Source:
    """A set and its corpus; with `leaves_out` each question is asked without its documents too."""

    corpus: str
    path: Path
    leaves_out: bool

    @classmethod
    def parse(cls, text: str) -> "Source":
        """From `CORPUS=SET` or `CORPUS-=SET`. Raises ValueError."""
        corpus, equals, path = text.partition("=")
        if not equals:
            raise ValueError("write CORPUS=SET")
        return cls(corpus.removesuffix("-"), Path(path), corpus.endswith("-"))


@dataclass(frozen=True, slots=True)
class Observed:
    """What a search told, whether its question can be answered, and which questions it is of."""

    signals: Signals
    is_answerable: bool
    group: str


@dataclass(frozen=True, slots=True)
class Corpus:
    """An open release, its cosines as they are, and the embedder that made it."""

    release: OpenRelease
    embedder: Embedder

    @property
    def space(self) -> str:
        """What of the embedder decides what its cosines mean."""
        return vector_space(self.release.manifest.embedder)


def open_corpora(settings: Settings, names: Iterable[str]) -> dict[str, Corpus]:
    """The live releases of these corpora in the settings' data folder. Raises RagError."""
    found = {}
    for name in sorted(set(names)):
        release = replace(open_release(release_folder(settings.data, name)), closeness=AS_IT_IS)
        embedder = MicroBatchingEmbedder(load_embedder(settings, release.manifest.embedder_name))
        found[name] = Corpus(release, embedder)
    return found


def observe(
    corpora: Mapping[str, Corpus], sources: Sequence[Source], kept_back: Set[str]
) -> list[Observed]:
    """The signals of every question of the sets, close misses and conversations aside.

    Questions about documents that are `kept_back` for testing are left out.
    """
    seen = []
    for source in sources:
        corpus = corpora[source.corpus]
        documents = corpus.release.documents
        find = Sources(documents.references(), documents.document)
        samples = [sample for sample in read_set(source.path).samples if is_fit(sample, kept_back)]
        vectors = corpus.embedder.embed_queries([sample.question for sample in samples])
        for sample, vector in zip(samples, vectors, strict=True):
            query = Query(sample.question, corpus.release, corpus.embedder, vector=vector)
            gone = _chunks(sample, find, corpus.release) if source.leaves_out else frozenset()
            rankings = find_candidates(query, len(gone))
            group = f"{source.path.stem} {sample.kind}"
            own = ask_without(query, rankings, frozenset())
            seen.append(Observed(own, sample.is_answerable, group))
            if gone:
                foreign = ask_without(query, rankings, gone)
                seen.append(Observed(foreign, False, f"{group}, left out"))
    return seen


def is_fit(sample: Sample, kept_back: Set[str]) -> bool:
    """Whether a sample is asked alone, is no close miss, and of no document that is kept back."""
    is_asked_alone = sample.kind != "close-miss" and len(sample.conversation) == 1
    return is_asked_alone and kept_back.isdisjoint(_named(sample))


def _named(sample: Sample) -> set[str]:
    return {each.source for each in sample.evidence}


def sources_of(path: Path) -> set[str]:
    """The documents that a set has evidence in."""
    return {source for sample in read_set(path).samples for source in _named(sample)}


def _chunks(sample: Sample, sources: Sources, release: OpenRelease) -> frozenset[str]:
    """All chunks of the documents that hold evidence of a sample."""
    versions = {
        place.version
        for evidence in sample.evidence
        for place in find_target(evidence, sources).places
    }
    documents = [each.id for each in release.documents.references() if each.version in versions]
    return frozenset(id_ for each in documents for id_ in release.documents.chunk_ids(each))


def observe_made(corpora: Iterable[Corpus]) -> tuple[float, float]:
    """Mean closeness of questions made from corpora, with and without their documents."""
    means = [average_closeness(_ask_made(corpus)) for corpus in corpora]
    own, foreign = zip(*means, strict=True)
    return round_off(fmean(own)), round_off(fmean(foreign))


def _ask_made(corpus: Corpus) -> list[Asked]:
    release, embedder = corpus.release, corpus.embedder
    made = make_questions(sample_chunks(release), release)
    vectors = embedder.embed_queries([each.text for each in made])
    return [
        ask(each, Query(each.text, release, embedder, vector=vector))
        for each, vector in zip(made, vectors, strict=True)
    ]


def learn(seen: Sequence[Observed]) -> dict[str, Any]:
    """The regressions as `confidence.json` has them, one for each kind of search."""
    return {kind: _fit(seen, names) for kind, names in KINDS.items()}


def _fit(seen: Sequence[Observed], names: Sequence[str]) -> dict[str, Any]:
    """Intercept and signals of one regression.

    A group of questions weighs by the square root of its number, so that large sets do not decide
    alone. Fitted by scikit-learn's LogisticRegression on standardised signals.
    """
    seen = [each for each in seen if set(names) <= each.signals.keys()]
    sizes = Counter(each.group for each in seen)
    return fit(
        [each.signals for each in seen],
        names,
        [each.is_answerable for each in seen],
        [50 / np.sqrt(sizes[each.group]) for each in seen],
        regularization=REGULARIZATION,
    )


def find_scale(seen: Sequence[Observed], reference: Sequence[Observed]) -> tuple[float, float]:
    """Offset and factor that give one embedder's closeness the mean and deviation of another's.

    Both are of the same questions.
    """
    values, wanted = (
        np.array([each.signals["closeness"] for each in group if "closeness" in each.signals])
        for group in (seen, reference)
    )
    factor = float(wanted.std() / values.std())
    return round_off(float(wanted.mean()) - factor * float(values.mean())), round_off(factor)


def write(learned: dict[str, Any], path: Path = COEFFICIENTS) -> str:
    """Write what was learned, and say so."""
    path.write_text(json.dumps(learned, indent=1) + "\n", encoding="utf-8")
    return f"{len(learned['regressions'])} regressions and {len(learned['scales'])} scales: {path}"
