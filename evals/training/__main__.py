"""`python -m evals.training confidence|support`: learn coefficients again, and write them."""

import argparse
import os
import sys
from pathlib import Path

from evals.claims.answers import check_answers, read_answers
from evals.claims.labelled import read_claims
from evals.claims.measuring import check_claims
from evals.training import support
from evals.training.confidence import (
    Source,
    find_scale,
    learn,
    observe,
    observe_made,
    open_corpora,
    sources_of,
    write,
)
from rag.bootstrap import load_local_checker
from rag.errors import RagError
from rag.retrieval.confidence import AS_IT_IS
from rag.settings import load_settings
from rag.support.verdicts import UNTAUGHT


def build_parser() -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m evals.training", description=__doc__)
    kinds = parser.add_subparsers(dest="kind", required=True, metavar="confidence|support")
    confidence = kinds.add_parser("confidence", help="of what a search holds")
    confidence.add_argument(
        "--also",
        type=Path,
        nargs="*",
        default=[],
        help="data folders with the same corpora, embedded by others, to learn their scales",
    )
    confidence.add_argument(
        "--testing", type=Path, required=True, help="set whose documents are kept back for testing"
    )
    confidence.add_argument(
        "source",
        nargs="+",
        metavar="CORPUS=SET",
        type=Source.parse,
        help="a set with its corpus; CORPUS-=SET asks each question without its documents too",
    )
    support = kinds.add_parser("support", help="of whether evidence carries a sentence")
    support.add_argument("--claims", type=Path, required=True, help="labelled claims, JSONL")
    support.add_argument(
        "--answers", type=Path, required=True, help="labelled answers of chat models, JSONL"
    )
    for each in (confidence, support):
        each.add_argument("--data", type=Path, required=True, help="data folder with the corpora")
    return parser


def main() -> int:
    """Write one file of `rag/coefficients`; returns the exit code."""
    options = build_parser().parse_args()
    try:
        said = (_learn_confidence if options.kind == "confidence" else _learn_support)(options)
    except RagError as error:
        print(f"training: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    print(said)  # noqa: T201 - as above
    return 0


def _learn_confidence(options: argparse.Namespace) -> str:
    names = [source.corpus for source in options.source]
    kept_back = sources_of(options.testing)
    corpora = open_corpora(load_settings(os.environ, data=options.data), names)
    seen = observe(corpora, options.source, kept_back)
    scales = {next(iter(corpora.values())).space: AS_IT_IS}
    for folder in options.also:
        others = open_corpora(load_settings(os.environ, data=folder), names)
        space = next(iter(others.values())).space
        scales[space] = find_scale(observe(others, options.source, kept_back), seen)
    made = observe_made(corpora.values())
    return write({"regressions": learn(seen), "scales": scales, "made": made})


def _learn_support(options: argparse.Namespace) -> str:
    settings = load_settings(os.environ, data=options.data)
    claims, answers = read_claims(options.claims), read_answers(options.answers)
    checker = load_local_checker(judges=UNTAUGHT)
    sentences, translated = support.observe_claims(check_claims(claims, settings, checker))
    whole = support.observe_answers(check_answers(answers, checker))
    return "\n".join(
        (
            f"sentences, {support.cross_validate(sentences, support.teach_sentences)}",
            f"translated, {support.cross_validate(translated, support.teach_regression)}",
            f"answers, {support.cross_validate(whole, support.teach_regression)}",
            support.write(
                {
                    "translated": support.learn_regression(translated),
                    "answer": support.learn_regression(whole),
                    "sentence": support.learn_sentences(sentences),
                },
                (options.claims, options.answers),
            ),
        )
    )


sys.exit(main())
