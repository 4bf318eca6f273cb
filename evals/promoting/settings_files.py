"""Settings to compare, in TOML: what is not named there is as in the environment."""

import tomllib
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from evals.samples.validation import first_fault
from rag.errors import SettingsError
from rag.settings import Settings


@dataclass(frozen=True, slots=True)
class Arm:
    """One of two settings to compare, and the release that it asks; None asks the live one."""

    settings: Settings
    release: int | None


def read_arm(path: Path, settings: Settings) -> Arm:
    """The settings of a file over those of the environment, under their names in lower case.

    `release` names another release than the live one, as for another embedder. Raises
    SettingsError.
    """
    try:
        given = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise SettingsError(f"{path} cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise SettingsError(f"{path} is not TOML: {error}") from error
    release = given.pop("release", None)
    if release is not None and (type(release) is not int or release < 1):
        raise SettingsError(f"{path}: release {release!r} is not the number of a release")
    try:
        chosen = Settings.model_validate({**dict(settings), **given})
    except ValidationError as error:
        raise SettingsError(f"{path}: {first_fault(error)}") from error
    return Arm(chosen, release)
