"""`python -m api`: serve all corpora of a data folder over HTTP."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rag.errors import RagError


def build_parser(prog: str = "python -m api") -> argparse.ArgumentParser:
    """The command line."""
    parser = argparse.ArgumentParser(prog=prog, description=__doc__)
    parser.add_argument("--data", type=Path, help="folder of all corpora (RAG_DATA)")
    parser.add_argument("--host", help="address to listen on, loopback only (RAG_HOST)")
    parser.add_argument("--port", type=int, help="port to listen on (RAG_PORT)")
    return parser


def main(arguments: Sequence[str] | None = None, prog: str = "python -m api") -> int:
    """Serve until stopped; returns the exit code, errors are one line on stderr."""
    options = build_parser(prog).parse_args(arguments)
    _share_cores()
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        from api.serving import serve

        serve(options, os.environ)
        return 0
    except RagError as error:
        print(f"api: {error}", file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    except KeyboardInterrupt:
        return 0


def _share_cores() -> None:
    """Have the threads of matrix products sleep while they wait, not spin on others' cores.

    Asked for before the libraries that start them are loaded: a tenth more searches a second. NumPy
    has one thread, with two under load a product of 25 words with 1,500 takes 16 ms, not 0.5.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")


if __name__ == "__main__":
    sys.exit(main())
