"""What routes need of the service: the question side once it is loaded, and why not before."""

import asyncio
import logging
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from contextlib import aclosing, asynccontextmanager
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from api.logs import REQUEST_ID
from rag.answering.turn import last_question
from rag.bootstrap import REMOTE_EMBEDDER
from rag.domain import Answer, AnswerDelta, Message
from rag.errors import RagError
from rag.journal.exchange import exchange_of
from rag.plumbline import Plumbline
from rag.ports import QuestionLog
from rag.releases.folder import corpus_folder, corpus_names, live_number
from rag.settings import Settings

log = logging.getLogger(__name__)

REST_S = 0.02  # chosen: between two passes of what is read ahead, so that questions come first
REFRESH_S = 1.0  # chosen: a new release is picked up within a second
RETRY_S = 5.0  # chosen: opening what is damaged costs a process each time
LOADING = "the models are still loading, try again in a moment"
CANARY = "canary"


class Service:
    """Loads the question side in the background and follows newly published releases.

    `problem` says what keeps it from answering or from following releases, empty if nothing.
    """

    def __init__(
        self,
        settings: Settings,
        open_plumbline: Callable[[Settings], Plumbline],
        question_log: QuestionLog | None = None,
    ) -> None:
        self.settings = settings
        self._open_plumbline = open_plumbline
        self._question_log = question_log
        self._plumbline: Plumbline | None = None
        self._read: dict[str, int] = {}
        self._reading: threading.Thread | None = None
        self._stopping = threading.Event()
        self.problem = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load and follow while the application runs."""
        following = asyncio.create_task(self._follow())
        following.add_done_callback(self._note_end)
        try:
            yield
        finally:
            self._stopping.set()
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            if self._reading is not None:
                await asyncio.to_thread(self._reading.join)
            if self._plumbline is not None:
                self._plumbline.close()

    async def _follow(self) -> None:
        while self._plumbline is None:
            try:
                self._plumbline = await asyncio.to_thread(self._open_plumbline, self.settings)
            except (RagError, OSError) as error:
                self._note(f"the service cannot answer: {error}")
                await asyncio.sleep(RETRY_S)
        self._note("")
        log.info("ready: %s", ", ".join(m.corpus for m in self._plumbline.corpora()) or "no corpus")
        while True:
            await asyncio.sleep(REFRESH_S)
            self._start_reading(self._plumbline)
            try:
                problems = await asyncio.to_thread(self._plumbline.refresh)
            except OSError as error:
                self._note(f"the data folder cannot be read, what is open serves on: {error}")
                continue
            said = "; ".join(f"{name}: {error}" for name, error in problems.items())
            self._note(f"a live release is damaged or cannot be opened: {said}" if said else "")

    def _start_reading(self, plumbline: Plumbline) -> None:
        """Read ahead what is live and was not yet, one corpus after the other."""
        if self.settings.chat_model or self.settings.embedder.startswith(REMOTE_EMBEDDER):
            return
        new = {m.corpus: m.release for m in plumbline.corpora()}
        if new.items() <= self._read.items() or (self._reading and self._reading.is_alive()):
            return
        corpora = [name for name, release in new.items() if self._read.get(name) != release]
        self._read = new
        self._reading = threading.Thread(
            target=self._read_ahead, args=(plumbline, corpora), name="reading ahead", daemon=True
        )
        self._reading.start()

    def _read_ahead(self, plumbline: Plumbline, corpora: Sequence[str]) -> None:
        for name in corpora:
            try:
                plumbline.read_ahead(name, lambda: self._stopping.wait(REST_S))
            except RagError as error:
                log.warning("%s is read when it is asked for: %s", name, error)

    def _note(self, problem: str) -> None:
        if problem and problem != self.problem:
            log.error("%s", problem)
        self.problem = problem

    def _note_end(self, following: asyncio.Task[None]) -> None:
        if not following.cancelled() and (error := following.exception()):
            self.problem = f"releases are no longer followed, restart the service: {error!r}"
            log.critical("%s", self.problem, exc_info=error)

    @property
    def is_loaded(self) -> bool:
        """True once the question side can be asked."""
        return self._plumbline is not None

    def plumbline(self) -> Plumbline:
        """The question side. Raises 503 while it is loading."""
        if self._plumbline is None:
            raise HTTPException(503, self.problem or LOADING, headers={"retry-after": "2"})
        return self._plumbline

    async def kept(
        self, items: AsyncGenerator[AnswerDelta | Answer, None], conversation: Sequence[Message]
    ) -> AsyncGenerator[AnswerDelta | Answer, None]:
        """The same items; the answer goes into the log of questions, if one is kept.

        What was not searched for, as a greeting is not, asks nothing of the documents.
        """
        async with aclosing(items):
            async for item in items:
                if self._question_log and isinstance(item, Answer) and item.search.wordings:
                    asked = last_question(conversation)
                    self._question_log.record(exchange_of(item, asked, REQUEST_ID.get()))
                yield item

    def readiness(self) -> dict[str, str]:
        """`ok` or the reason why not, for each part."""
        if self._plumbline is None:
            return {"models": self.problem or LOADING}
        loaded = {m.corpus: m.release for m in self._plumbline.corpora()}
        parts = {"models": "ok", "releases": self.problem or "ok"}
        for name in corpus_names(self.settings.data):
            parts[f"corpus {name}"] = self._corpus_state(self._plumbline, name, loaded.get(name))
        return parts

    def _corpus_state(self, plumbline: Plumbline, name: str, loaded: int | None) -> str:
        try:
            live = live_number(corpus_folder(self.settings.data, name))
            if loaded is None or loaded != live:
                return f"{'no release' if loaded is None else loaded} is loaded, {live} is live"
            plumbline.search(CANARY, corpus=name, top_k=1)
        except RagError as error:
            return str(error)
        return "ok"


async def get_service(request: Request) -> Service:
    """The service behind a request.

    A coroutine, as `get_plumbline` is: a plain function would cost each request a thread's turn.
    """
    return cast(Service, request.app.state.service)


async def get_plumbline(service: Annotated[Service, Depends(get_service)]) -> Plumbline:
    """The question side behind a request."""
    return service.plumbline()


TheService = Annotated[Service, Depends(get_service)]
ThePlumbline = Annotated[Plumbline, Depends(get_plumbline)]
