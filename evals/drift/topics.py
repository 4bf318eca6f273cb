"""What to ingest next: topics of questions that found no source, named, and whether they rise."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from math import log

import numpy as np
from scipy.cluster.hierarchy import fcluster, linkage  # type: ignore[import-untyped]  # no types
from scipy.spatial.distance import squareform  # type: ignore[import-untyped]  # ships no types

from evals.drift.findings import Topic
from evals.statistics.discrepancy import more_often
from evals.statistics.paired import Numbers
from rag.journal.exchange import Exchange
from rag.text.normalization import space_out

Words = tuple[str, ...]
LEAST_QUESTIONS = 5  # chosen: fewer are an accident
NEAR = 0.5  # of all questions; of four mixtures it kept .91 of a topic together, .4 .84, .3 .72
MOST_WORDS = 4  # chosen: a line
MOST_EXAMPLES = 3  # chosen: enough to see what is meant
WORD = re.compile(r"[^\W\d_]{4,}|[^\W\d_a-z\u00c0-\u024f]{2,}")
"""Shorter words of Latin script, and numbers, seldom name a topic."""


def find_topics(
    reference: Sequence[Exchange], current: Sequence[Exchange], squared: Numbers
) -> tuple[Topic, ...]:
    """Topics of abstained questions, those that rise most first.

    `squared` are distances between all questions, of the reference first.
    """
    asked = [*reference, *current]
    rows = np.flatnonzero([each.status == "abstained" for each in asked])
    if len(rows) < LEAST_QUESTIONS:
        return ()
    distances = squareform(squared[np.ix_(rows, rows)], checks=False)
    cut = float(np.quantile(squared[np.triu_indices(len(squared), 1)], NEAR))
    labels = fcluster(linkage(distances, "average"), cut, "distance")
    everywhere = _count_words(asked)
    is_reference = np.arange(len(asked)) < len(reference)
    topics = []
    for label, size in Counter(labels.tolist()).items():
        if size >= LEAST_QUESTIONS:
            own = rows[labels == label]
            central = own[np.argsort(squared[np.ix_(own, own)].sum(axis=1), kind="stable")]
            is_own = np.isin(np.arange(len(asked)), own)
            topics.append(
                Topic(
                    words=_name([asked[row] for row in own], everywhere, len(asked)),
                    examples=_distinct([asked[row].question for row in central]),
                    reference=int((is_own & is_reference).sum()),
                    current=int((is_own & ~is_reference).sum()),
                    rise=more_often(is_own[is_reference], is_own[~is_reference]),
                )
            )
    return tuple(sorted(topics, key=lambda topic: (-topic.rise.effect, topic.words)))


def _name(exchanges: Sequence[Exchange], everywhere: Mapping[str, int], asked: int) -> Words:
    """The words with the highest c-TF-IDF (Grootendorst 2022), less what they have elsewhere.

    Counted over all questions, the words that every question has weigh little in any language.
    """
    size = len(exchanges)
    weights = {
        word: (count / size - (everywhere[word] - count) / max(asked - size, 1))
        * log(asked / everywhere[word])
        for word, count in _count_words(exchanges).items()
    }
    return tuple(sorted(weights, key=lambda word: (-weights[word], word))[:MOST_WORDS])


def _count_words(exchanges: Sequence[Exchange]) -> Counter[str]:
    """In how many questions each word is."""
    return Counter(
        word
        for exchange in exchanges
        for word in set(WORD.findall(space_out(exchange.question).lower()))
    )


def _distinct(texts: Sequence[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(texts))[:MOST_EXAMPLES]
