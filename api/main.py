"""The application: routes, errors, limits, and the question side loaded beside them."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.staticfiles import StaticFiles

import rag
from api.bodies import ErrorBody
from api.errors import add_handlers
from api.forms.documenting import document_events
from api.limits import Limits
from api.routes import chat, docs, health, native, page
from api.state import Service
from rag.plumbline import Plumbline
from rag.ports import QuestionLog
from rag.settings import Settings


def create_app(
    settings: Settings,
    open_plumbline: Callable[[Settings], Plumbline],
    question_log: QuestionLog | None = None,
) -> FastAPI:
    """The service over `settings.data`; `open_plumbline` is called once, in the background."""
    service = Service(settings, open_plumbline, question_log)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with service.running():
            yield

    app = FastAPI(
        title="Plumbline",
        version=rag.__version__,
        description="Answers from your own documents, each with its exact quotes.",
        lifespan=lifespan,
        redirect_slashes=False,
        docs_url=None,
        redoc_url=None,
        responses={"4XX": {"model": ErrorBody}, "5XX": {"model": ErrorBody}},
    )
    app.state.service = service
    add_handlers(app)
    document_events(app)
    for router in (chat.router, native.router, health.router, docs.router, page.router):
        app.include_router(router)
    app.mount("/static", StaticFiles(directory=page.HERE / "static"), name="static")
    app.add_middleware(Limits)
    return app
