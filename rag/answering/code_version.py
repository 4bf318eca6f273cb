"""Which code runs: the version, and a hash over the files that decide what is answered."""

import hashlib
from collections.abc import Iterator
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable

import rag

SUFFIXES = (".py", ".md")
"""Code and prompts."""


@cache
def code_version() -> str:
    """`version+hash`, where the hash is over names and content of the question side's files."""
    digest = hashlib.sha256()
    for name, file in sorted(_files(resources.files("rag"), "")):
        content = file.read_bytes()
        digest.update(f"{name}\0{len(content)}\0".encode() + content)
    return f"{rag.__version__}+{digest.hexdigest()[:12]}"


def _files(folder: Traversable, path: str) -> Iterator[tuple[str, Traversable]]:
    for entry in folder.iterdir():
        name = f"{path}/{entry.name}"
        if entry.is_dir():
            yield from _files(entry, name)
        elif entry.name.endswith(SUFFIXES):
            yield name, entry
