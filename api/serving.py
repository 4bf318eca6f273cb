"""Serving: what is refused before a port is taken, the socket, and the server's loop."""

import argparse
import ipaddress
import logging
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from functools import partial

import uvicorn

from api.logs import set_up_logging
from api.main import create_app
from rag.adapters.stores.question_log import QUESTIONS, SqliteQuestionLog
from rag.bootstrap import load_chat_model, open_plumbline, open_probed_release
from rag.checkers import require_checker
from rag.errors import AddressTaken, SettingsError
from rag.ports import QuestionLog
from rag.settings import Settings, load_settings

DRAIN_S = 20  # chosen: below the 30 s that container engines wait before they kill


def serve(options: argparse.Namespace, environment: Mapping[str, str]) -> None:
    """Serve until stopped. Raises SettingsError, AddressTaken, and what loading raises."""
    settings = load_settings(environment, data=options.data, host=options.host, port=options.port)
    _require_loopback(settings.host)
    _require_openable(settings)
    try:
        listener = socket.create_server(
            (settings.host, settings.port), family=_family(settings.host), backlog=512
        )
    except OSError as error:
        where = f"{settings.host}:{settings.port}"
        why = f"{error.strerror}; choose another with --port"
        raise AddressTaken(f"cannot listen on {where}: {why}") from error
    with listener, _keep_questions(settings) as question_log:
        _run(settings, listener, question_log)


@contextmanager
def _keep_questions(settings: Settings) -> Iterator[QuestionLog | None]:
    if settings.question_log == "off":
        yield None
        return
    days, most = settings.question_log_days, settings.question_log_count
    path = settings.data / QUESTIONS
    with closing(SqliteQuestionLog(path, days=days, most=most, secrets=settings.secrets)) as log:
        yield log


def _run(settings: Settings, listener: socket.socket, question_log: QuestionLog | None) -> None:
    set_up_logging(settings.secrets)
    open_probed = partial(open_plumbline, open_release=open_probed_release)
    config = uvicorn.Config(
        create_app(settings, open_probed, question_log),
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


def _require_openable(settings: Settings) -> None:
    """Fail before serving what would never become ready. Raises SettingsError."""
    if not settings.data.is_dir():
        raise SettingsError(
            f"there is no data folder {str(settings.data)!r}: name another with --data or "
            "RAG_DATA, or make it with python -m ingest add"
        )
    load_chat_model(settings)
    require_checker(settings)


def _family(host: str) -> socket.AddressFamily:
    return socket.AF_INET6 if ":" in host else socket.AF_INET
