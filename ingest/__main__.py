"""`python -m ingest`: bring documents into a corpus, and see or choose what is live."""

import os
import signal
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, NoReturn

from ingest.command_line import build_parser
from rag.errors import RagError

if TYPE_CHECKING:
    from ingest.gate import PublishGate
    from rag.settings import Settings


def main(arguments: Sequence[str] | None = None, prog: str = "python -m ingest") -> int:
    """Run one command; returns its exit code, errors are one line on stderr."""
    options = build_parser(prog).parse_args(arguments)
    received: list[int] = []

    def terminate(number: int, frame: object) -> NoReturn:
        received.append(number)
        sys.exit(128 + number)

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, terminate)
    try:
        from ingest.commands import run

        code = run(options, os.environ, _load_gate)
        sys.stdout.flush()
        return code
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE
    except RagError as error:
        print(f"ingest: {' '.join(str(error).split())}", file=sys.stderr)  # noqa: T201 - a command's output
        return error.exit_code
    except KeyboardInterrupt:
        if received:  # a library that was waiting turned the signal into this
            return 128 + received[0]
        print("ingest: interrupted", file=sys.stderr)  # noqa: T201 - a command's output
        return 130


def _load_gate(settings: "Settings") -> "PublishGate":
    from evals.promoting.release_gate import ReleaseGate

    return ReleaseGate(settings)


if __name__ == "__main__":
    sys.exit(main())
