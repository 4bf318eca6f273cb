"""`python -m api`: serve all corpora of a data folder over HTTP."""

import argparse
import ipaddress
import logging
import os
import signal
import socket
import sys
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from rag.errors import RagError, SettingsError

if TYPE_CHECKING:
    from rag.settings import Settings

DRAIN_S = 20
EX_UNAVAILABLE = 69


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
        return _serve(options)
    except RagError as error:
        return _fail(str(error), error.exit_code)
    except KeyboardInterrupt:
        return 0


def _share_cores() -> None:
    """Have the threads of matrix products sleep while they wait, not spin on others' cores.

    Asked for before the library that starts them is loaded: a tenth more searches a second.
    """
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")


def _serve(options: argparse.Namespace) -> int:
    from rag.settings import load_settings

    settings = load_settings(data=options.data, host=options.host, port=options.port)
    _require_loopback(settings.host)
    _require_openable(settings)
    try:
        listener = socket.create_server(
            (settings.host, settings.port), family=_family(settings.host), backlog=512
        )
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        return _fail(
            f"cannot listen on {where}: {error.strerror}; choose another with --port",
            EX_UNAVAILABLE,
        )
    with listener:
        _run(settings, listener)
    return 0


def _run(settings: "Settings", listener: socket.socket) -> None:
    import uvicorn

    from api.logs import set_up_logging
    from api.main import create_app
    from rag.bootstrap import open_plumbline, open_probed_release

    set_up_logging(settings.secrets)
    config = uvicorn.Config(
        create_app(settings, partial(open_plumbline, open_release=open_probed_release)),
        log_config=None,
        log_level="warning",
        server_header=False,
        timeout_graceful_shutdown=DRAIN_S,
        h11_max_incomplete_event_size=64 * 1024,
    )
    host, port = listener.getsockname()[:2]
    shown = f"[{host}]" if ":" in host else host
    logging.getLogger("api").info("serving %s on http://%s:%s/", settings.data, shown, port)
    uvicorn.Server(config).run(sockets=[listener])


def _fail(message: str, exit_code: int) -> int:
    print(f"api: {message}", file=sys.stderr)  # noqa: T201 - a command's output
    return exit_code


def _require_loopback(host: str) -> None:
    try:
        is_loopback = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        is_loopback = False
    if not is_loopback:
        raise SettingsError(
            f"host {host[:80]!r} is not loopback, and the service has no authentication yet: "
            "use 127.0.0.1 and put an authenticating proxy in front"
        )


def _require_openable(settings: "Settings") -> None:
    """Fail before serving what would never become ready. Raises SettingsError."""
    from rag.bootstrap import load_chat_model

    if not settings.data.is_dir():
        raise SettingsError(
            f"there is no data folder {str(settings.data)!r}: name another with --data or "
            "RAG_DATA, or make it with python -m ingest add"
        )
    load_chat_model(settings)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET


if __name__ == "__main__":
    sys.exit(main())
