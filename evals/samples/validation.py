"""What pydantic found wrong, in one line."""

from pydantic import ValidationError


def first_fault(error: ValidationError) -> str:
    """`field: message` of the first fault, without the input, which may be long or private."""
    first = error.errors(include_input=False, include_url=False)[0]
    field = ".".join(str(part) for part in first["loc"])
    message = first["msg"].removeprefix("Value error, ")
    return f"{field}: {message}" if field else message
