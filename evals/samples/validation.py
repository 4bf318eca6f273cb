"""Files of JSON lines, and what pydantic found wrong in one, in one line."""

import json
from pathlib import Path
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from rag.errors import InvalidRegressionSet

Form = TypeVar("Form", bound=BaseModel)


def first_fault(error: ValidationError) -> str:
    """`field: message` of the first fault, without the input, which may be long or private."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message


def read_forms(path: Path, form: type[Form]) -> list[Form]:
    """One a line, at least one. Raises InvalidRegressionSet, which names the first bad line."""
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as error:
        raise InvalidRegressionSet(f"{path} cannot be read: {error}") from error
    found = [_read(path, at, line, form) for at, line in enumerate(lines, 1) if line.strip()]
    if not found:
        raise InvalidRegressionSet(f"{path} is empty")
    return found


def _read(path: Path, number: int, line: str, form: type[Form]) -> Form:
    try:
        return form.model_validate(json.loads(line))
    except ValidationError as error:
        raise InvalidRegressionSet(f"{path}:{number}: {first_fault(error)}") from error
    except ValueError as error:
        raise InvalidRegressionSet(f"{path}:{number}: not JSON: {error}") from error
