"""`python -m evals.training WHAT`: learn coefficients again, and write them."""

import argparse
import os
import sys
from pathlib import Path

from evals.claims.answers import check_answers, read_answers
from evals.claims.labelled import read_claims
from evals.claims.measuring import check_claims
from evals.training import answer_confidence, confidence, support, units
from evals.training.confidence import Source, open_corpora, sources_of
from rag.checkers import load_local_checker
from rag.errors import RagError
from rag.retrieval.confidence import AS_IT_IS
from rag.settings import load_settings
from rag.support.verdicts import UNTAUGHT


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m evals.training", description=__doc__)
    kinds = parser.add_subparsers(dest="what", required=True, metavar="|".join(LEARNERS))
    searches = kinds.add_parser("confidence", help="of what a search holds")
    searches.add_argument(
        "--also",
        type=Path,
        nargs="*",
        default=[],
        help="data folders with the same corpora, embedded by others, to learn their scales",
    )
    ranked = kinds.add_parser("units", help="of how well a sentence or row answers")
    answers = kinds.add_parser("answer-confidence", help="of whether an extractive answer is right")
    answers.add_argument("source", nargs="+", metavar="CORPUS=SET", type=Source.parse, help="a set")
    for each in (searches, ranked, answers):
        each.add_argument(
            "--testing",
            type=Path,
            action="append",
            required=True,
            help="set whose documents are kept back for testing; more than once for several",
        )
    for each in (searches, ranked):
        each.add_argument(
            "source",
            nargs="+",
            metavar="CORPUS=SET",
            type=Source.parse,
            help="a set with its corpus; CORPUS-=SET asks each question without its documents too",
        )
    claims = kinds.add_parser("support", help="of whether evidence carries a sentence")
    claims.add_argument("--claims", type=Path, required=True, help="labelled claims, JSONL")
    claims.add_argument(
        "--answers", type=Path, required=True, help="labelled answers of chat models, JSONL"
    )
    for each in (searches, ranked, claims, answers):
        each.add_argument("--data", type=Path, required=True, help="data folder with the corpora")
    return parser


def main() -> int:
    """Write one file of `rag/coefficients`; returns the exit code."""
    options = build_parser().parse_args()
    try:
        told = LEARNERS[options.what](options)
    except RagError as error:
        print(f"training: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    print(told)  # noqa: T201 - as above
    return 0


def _learn_confidence(options: argparse.Namespace) -> str:
    names, kept_back = _names(options), _kept_back(options)
    corpora = open_corpora(load_settings(os.environ, data=options.data), names)
    seen = confidence.observe(corpora, options.source, kept_back)
    scales = {next(iter(corpora.values())).space: AS_IT_IS}
    for folder in options.also:
        others = open_corpora(load_settings(os.environ, data=folder), names)
        space = next(iter(others.values())).space
        observed = confidence.observe(others, options.source, kept_back)
        scales[space] = confidence.find_scale(observed, seen)
    made = confidence.observe_made(corpora.values())
    regressions = confidence.learn(seen)
    return confidence.write({"regressions": regressions, "scales": scales, "made": made})


def _learn_units(options: argparse.Namespace) -> str:
    corpora = open_corpora(load_settings(os.environ, data=options.data), _names(options))
    seen = units.observe(corpora, options.source, _kept_back(options))
    return units.write(units.learn(seen), len(seen))


def _learn_answers(options: argparse.Namespace) -> str:
    corpora = open_corpora(load_settings(os.environ, data=options.data), _names(options))
    seen = answer_confidence.observe(corpora, options.source, _kept_back(options))
    learned, told = answer_confidence.learn(seen)
    return f"{told}\n{answer_confidence.write(learned)}"


def _names(options: argparse.Namespace) -> list[str]:
    return [source.corpus for source in options.source]


def _kept_back(options: argparse.Namespace) -> set[str]:
    return {source for path in options.testing for source in sources_of(path)}


def _learn_support(options: argparse.Namespace) -> str:
    settings = load_settings(os.environ, data=options.data)
    claims, answers = read_claims(options.claims), read_answers(options.answers)
    checker = load_local_checker(judges=UNTAUGHT)
    sentences, translated = support.observe_claims(check_claims(claims, settings, checker))
    whole = support.observe_answers(check_answers(answers, checker))
    learned = {
        "translated": support.learn_regression(translated),
        "answer": support.learn_regression(whole),
        "sentence": support.learn_sentences(sentences),
    }
    lines = (
        f"sentences, {support.cross_validate(sentences, support.teach_sentences)}",
        f"translated, {support.cross_validate(translated, support.teach_regression)}",
        f"answers, {support.cross_validate(whole, support.teach_regression)}",
        support.write(learned, (options.claims, options.answers)),
    )
    return "\n".join(lines)


LEARNERS = {
    "confidence": _learn_confidence,
    "answer-confidence": _learn_answers,
    "units": _learn_units,
    "support": _learn_support,
}


if __name__ == "__main__":
    sys.exit(main())
