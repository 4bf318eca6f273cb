"""What routes need of the service: the question side once it is loaded, and why not before."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Annotated, cast

from fastapi import Depends, Request
from starlette.exceptions import HTTPException

from rag.errors import RagError
from rag.plumbline import Plumbline
from rag.releases import corpus_folder, corpus_names, live_number
from rag.settings import Settings

log = logging.getLogger(__name__)

REFRESH_S = 1.0
CANARY = "canary"


class Service:
    """Loads the question side in the background and follows newly published releases."""

    def __init__(self, settings: Settings, open_plumbline: Callable[[Settings], Plumbline]) -> None:
        self.settings = settings
        self._open_plumbline = open_plumbline
        self._plumbline: Plumbline | None = None
        self._failure = ""

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Load and follow while the application runs."""
        following = asyncio.create_task(self._follow())
        try:
            yield
        finally:
            following.cancel()
            await asyncio.gather(following, return_exceptions=True)
            if self._plumbline is not None:
                self._plumbline.close()

    async def _follow(self) -> None:
        try:
            self._plumbline = await asyncio.to_thread(self._open_plumbline, self.settings)
        except RagError as error:
            self._failure = str(error)
            log.error("the service cannot answer: %s", error)
            return
        log.info("ready: %s", ", ".join(m.corpus for m in self._plumbline.corpora()) or "no corpus")
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await asyncio.to_thread(self._plumbline.refresh)
                self._failure = ""
            except RagError as error:
                if str(error) != self._failure:
                    log.error("a new release cannot be opened, the old one serves on: %s", error)
                self._failure = str(error)

    @property
    def is_loaded(self) -> bool:
        """True once the question side can be asked."""
        return self._plumbline is not None

    def plumbline(self) -> Plumbline:
        """The question side. Raises 503 while it is loading."""
        if self._plumbline is None:
            reason = self._failure or "the models are still loading, try again in a moment"
            raise HTTPException(503, reason, headers={"retry-after": "2"})
        return self._plumbline

    def readiness(self) -> dict[str, str]:
        """`ok` or the reason why not, for each part."""
        parts = {"models": "ok" if self._plumbline else self._failure or "loading"}
        if self._plumbline is None:
            return parts
        loaded = {m.corpus: m.release for m in self._plumbline.corpora()}
        for name in corpus_names(self.settings.data):
            parts[f"corpus {name}"] = self._corpus_state(self._plumbline, name, loaded.get(name))
        return parts

    def _corpus_state(self, plumbline: Plumbline, name: str, loaded: int | None) -> str:
        live = live_number(corpus_folder(self.settings.data, name))
        if loaded is None or loaded != live:
            return f"release {loaded} is loaded, {live} is live"
        try:
            plumbline.search(CANARY, corpus=name, top_k=1)
        except RagError as error:
            return str(error)
        return "ok"


def get_service(request: Request) -> Service:
    """The service behind a request."""
    return cast(Service, request.app.state.service)


def get_plumbline(service: Annotated[Service, Depends(get_service)]) -> Plumbline:
    """The question side behind a request."""
    return service.plumbline()


TheService = Annotated[Service, Depends(get_service)]
ThePlumbline = Annotated[Plumbline, Depends(get_plumbline)]
