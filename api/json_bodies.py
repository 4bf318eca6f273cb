"""JSON as RFC 8259 has it: what Python reads beyond that is refused before it means anything.

`pydantic_core.from_json(allow_inf_nan=False)` would let equal keys, 1e400 and 200 levels pass.
"""

import json
import math
from collections.abc import Callable, Coroutine
from typing import NoReturn

from fastapi import Request, Response
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException

MAX_DEPTH = 20  # chosen: filters nest three deep
MAX_DIGITS = 100  # chosen: no number that is meant has more
METHODS_WITH_BODY = {"POST", "PUT", "PATCH"}
WRONG_TYPE = "send the body as JSON, with the header `content-type: application/json`"


def parse_json(body: bytes) -> object:
    """The value of a UTF-8 body; ValueError for NaN, infinities, equal keys and deep nesting."""
    try:
        value = json.loads(
            body.decode("utf-8"),
            parse_constant=_refuse_constant,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_unique,
        )
    except RecursionError as error:
        raise ValueError("it is nested too deeply") from error
    _check_depth(value)
    return value


class JsonRoute(APIRoute):
    """A route whose body is strict JSON, or the reply is 400, or 415 if it does not say so."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[None, None, Response]]:
        """The handler of FastAPI, given a stricter request."""
        handle = super().get_route_handler()

        async def handle_strictly(request: Request) -> Response:
            if request.method in METHODS_WITH_BODY and not _says_json(request):
                raise HTTPException(415, WRONG_TYPE)
            return await handle(_JsonRequest(request.scope, request.receive))

        return handle_strictly


class _JsonRequest(Request):
    async def json(self) -> object:
        body = await self.body()
        try:
            return parse_json(body)
        except ValueError as error:
            raise HTTPException(400, f"the body is not JSON: {error}") from error


def _says_json(request: Request) -> bool:
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/json" or (kind.startswith("application/") and "+json" in kind)


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON number")


def _finite(text: str) -> float:
    value = float(text)
    if not math.isfinite(value):
        raise ValueError(f"the number {text[:20]} is too large")
    return value


def _whole(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise ValueError(f"a number has {len(text)} digits")
    return int(text)


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError("an object names a key twice")
    return value


def _check_depth(value: object) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level for inner in _children(outer)]
        if not level:
            return
    raise ValueError(f"it is nested deeper than {MAX_DEPTH} levels")


def _children(value: object) -> list[object]:
    if isinstance(value, dict):
        return list(value.values())
    return value if isinstance(value, list) else []
