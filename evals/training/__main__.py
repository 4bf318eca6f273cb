"""`python -m evals.training confidence|units`: learn coefficients again, and write them."""

import argparse
import os
import sys
from pathlib import Path

from evals.training import confidence, units
from evals.training.confidence import Source, open_corpora, sources_of
from rag.errors import RagError
from rag.retrieval.confidence import AS_IT_IS
from rag.settings import load_settings


def main() -> int:
    """Write `rag/coefficients/confidence.json` or `units.json`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m evals.training", description=__doc__)
    parser.add_argument("what", choices=LEARNERS, help="the coefficients to learn")
    parser.add_argument("--data", type=Path, required=True, help="data folder that holds corpora")
    parser.add_argument(
        "--also",
        type=Path,
        nargs="*",
        default=[],
        help="data folders with the same corpora, embedded by others, to learn their scales",
    )
    parser.add_argument(
        "--testing",
        type=Path,
        action="append",
        required=True,
        help="set whose documents are kept back for testing; more than once for several",
    )
    parser.add_argument(
        "source",
        nargs="+",
        metavar="CORPUS=SET",
        type=Source.parse,
        help="a set with its corpus; CORPUS-=SET asks each question without its documents too",
    )
    options = parser.parse_args()
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


def _names(options: argparse.Namespace) -> list[str]:
    return [source.corpus for source in options.source]


def _kept_back(options: argparse.Namespace) -> set[str]:
    return {source for path in options.testing for source in sources_of(path)}


LEARNERS = {"confidence": _learn_confidence, "units": _learn_units}


sys.exit(main())
