"""The reference of all routes as a page of our own: it needs no script and no other server."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import HTMLResponse

from api.routes.page import templates

router = APIRouter(include_in_schema=False)

Schema = dict[str, Any]  # OpenAPI as FastAPI makes it, of any depth


@dataclass(frozen=True, slots=True)
class DocumentedField:
    """A parameter of a route or a field of its body."""

    name: str
    place: str
    kind: str
    is_required: bool
    description: str


@dataclass(frozen=True, slots=True)
class Operation:
    """One route as the page shows it; `example` is a body that can be sent as it is."""

    group: str
    method: str
    path: str
    description: str
    fields: tuple[DocumentedField, ...]
    example: str


@router.get("/docs")
def show_docs(request: Request) -> HTMLResponse:
    """Every route with its parameters, its body and an example."""
    schema: Schema = request.app.openapi()
    groups: dict[str, list[Operation]] = {}
    for operation in read_operations(schema):
        groups.setdefault(operation.group, []).append(operation)
    context = {"groups": groups, "version": schema["info"]["version"]}
    return templates.TemplateResponse(request, "docs.html", context)


def read_operations(schema: Schema) -> Iterator[Operation]:
    """The operations of an OpenAPI schema, in its order."""
    for path, methods in schema["paths"].items():
        for method, raw in methods.items():
            content = raw.get("requestBody", {}).get("content", {}).get("application/json", {})
            body = _resolve(content.get("schema", {}), schema)
            yield Operation(
                group=raw["tags"][0],
                method=method.upper(),
                path=path,
                description=raw.get("description", ""),
                fields=tuple(_fields(raw, body, schema)),
                example=_example(body),
            )


def _fields(raw: Schema, body: Schema, schema: Schema) -> Iterator[DocumentedField]:
    for each in raw.get("parameters", []):
        kind, said = _kind(each["schema"], schema), each.get("description", "")
        yield DocumentedField(each["name"], each["in"], kind, each["required"], said)
    for name, each in body.get("properties", {}).items():
        kind, said = _kind(each, schema), each.get("description", "")
        yield DocumentedField(name, "body", kind, name in body.get("required", []), said)


def _example(body: Schema) -> str:
    values = {
        name: each["examples"][0]
        for name, each in body.get("properties", {}).items()
        if each.get("examples")
    }
    return json.dumps(values, ensure_ascii=False) if values else ""


def _kind(each: Schema, schema: Schema) -> str:
    each = _resolve(each, schema)
    if "anyOf" in each:
        kinds = dict.fromkeys(_kind(choice, schema) for choice in each["anyOf"])
        return " or ".join(kind for kind in kinds if kind != "null")
    if "enum" in each:
        return " | ".join(f'"{value}"' for value in each["enum"])
    if each.get("type") == "array":
        return f"list of {_kind(each['items'], schema)}"
    return str(each.get("title") if "properties" in each else each.get("type", "any"))


def _resolve(each: Schema, schema: Schema) -> Schema:
    reference = each.get("$ref")
    if reference is None:
        return each
    return dict(schema["components"]["schemas"][reference.rpartition("/")[2]])
