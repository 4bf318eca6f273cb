"""`python -m evals.training`: learn the coefficients of the confidence, and write them."""

import argparse
import os
import sys
from pathlib import Path

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
from rag.errors import RagError
from rag.retrieval.confidence import AS_IT_IS
from rag.settings import load_settings


def main() -> int:
    """Write `rag/coefficients/confidence.json`; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m evals.training", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="data folder that holds corpora")
    parser.add_argument(
        "--also",
        type=Path,
        nargs="*",
        default=[],
        help="data folders with the same corpora, embedded by others, to learn their scales",
    )
    parser.add_argument(
        "--testing", type=Path, required=True, help="set whose documents are kept back for testing"
    )
    parser.add_argument(
        "source",
        nargs="+",
        metavar="CORPUS=SET",
        type=Source.parse,
        help="a set with its corpus; CORPUS-=SET asks each question without its documents too",
    )
    options = parser.parse_args()
    names = [source.corpus for source in options.source]
    try:
        kept_back = sources_of(options.testing)
        corpora = open_corpora(load_settings(os.environ, data=options.data), names)
        seen = observe(corpora, options.source, kept_back)
        scales = {next(iter(corpora.values())).space: AS_IT_IS}
        for folder in options.also:
            others = open_corpora(load_settings(os.environ, data=folder), names)
            space = next(iter(others.values())).space
            scales[space] = find_scale(observe(others, options.source, kept_back), seen)
        made = observe_made(corpora.values())
    except RagError as error:
        print(f"training: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    print(write({"regressions": learn(seen), "scales": scales, "made": made}))  # noqa: T201 - as above
    return 0


sys.exit(main())
