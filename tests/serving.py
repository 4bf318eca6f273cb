"""The real service on loopback, in a thread of the test."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import uvicorn

from api.main import create_app
from rag.plumbline import Plumbline
from rag.ports import ChatModel, QuestionLog
from rag.settings import Settings, load_settings
from tests.small_corpus import make_plumbline


@contextmanager
def serving_small_corpus(
    data: Path,
    *,
    chat_model: ChatModel | None = None,
    question_log: QuestionLog | None = None,
) -> Iterator[str]:
    """Base address of a service over the small corpus, held in memory."""

    def open_small(_: Settings) -> Plumbline:
        return make_plumbline(data, chat_model=chat_model)

    with serving(load_settings({}, data=data), open_small, question_log) as address:
        yield address


@contextmanager
def serving(
    settings: Settings,
    open_plumbline: Callable[[Settings], Plumbline],
    question_log: QuestionLog | None = None,
) -> Iterator[str]:
    """Base address of a service that loads what `open_plumbline` gives."""
    app = create_app(settings, open_plumbline, question_log)
    config = uvicorn.Config(app, port=0, log_level="error", timeout_graceful_shutdown=2)
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        while not server.started:
            time.sleep(0.01)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()
