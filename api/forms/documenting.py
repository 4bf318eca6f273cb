"""Forms of replies put into the OpenAPI document."""

from typing import Any, Literal

from fastapi import FastAPI
from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from api.forms.found import AnswerEvent, Form
from api.forms.protocol import ChunkForm

Responses = dict[int | str, dict[str, Any]]  # as FastAPI takes them


def replies(form: type[Form], *, events: type[BaseModel] | None = None) -> Responses:
    """The reply of a route for its documentation, and the data of its events if it streams."""
    if events is None:
        return {200: {"model": form}}
    schema = {"$ref": f"#/components/schemas/{events.__name__}"}
    return {200: {"model": form, "content": {"text/event-stream": {"schema": schema}}}}


def document_events(app: FastAPI) -> None:
    """Put the data of events into the OpenAPI document, which FastAPI leaves out."""
    describe = app.openapi
    streamed: list[tuple[type[BaseModel], Literal["serialization"]]] = [
        (ChunkForm, "serialization"),
        (AnswerEvent, "serialization"),
    ]
    _, definitions = models_json_schema(streamed, ref_template="#/components/schemas/{model}")

    def describe_all() -> dict[str, Any]:
        schema = describe()
        schema["components"]["schemas"] |= definitions["$defs"]
        return schema

    app.openapi = describe_all  # type: ignore[method-assign]  # as FastAPI's own documentation has it
