"""What the SOURCE arguments of a run hold: sources found in a fixed order, none of them opened."""

import glob
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import unquote_to_bytes

from ingest.adapters.urls import without_credentials
from ingest.sources.local import look_at_path, split_glob
from ingest.sources.source import LOCAL, WEB, Scan, ScanOptions, Source, printable
from rag.errors import UsageError


def scan(arguments: Sequence[str], options: ScanOptions | None = None) -> Scan:
    """Look at files, folders, globs and URLs.

    Raises SourceNotFound for one that does not exist or holds no file, UsageError for one that
    cannot be read at all or not without leave.
    """
    chosen = options or ScanOptions()
    roots: list[str] = []
    found: dict[str, Source] = {}
    hidden = 0
    for argument in arguments:
        root, sources, passed_over = _look(argument, chosen)
        hidden += passed_over
        roots.append(root)
        for source in sources:
            found.setdefault(source.uri, source)
    sources_found = tuple(found[uri] for uri in sorted(found))
    return Scan(tuple(roots), sources_found, chosen.labels, hidden)


def _look(argument: str, options: ScanOptions) -> tuple[str, list[Source], int]:
    if argument.startswith(WEB):
        from ingest.sources.web import look_at_page

        if not options.allow_web:
            shown = printable(without_credentials(argument))
            raise UsageError(f"{shown} is on the web, which is read with --allow-web alone")
        return (*look_at_page(argument, options), 0)
    if "://" in argument and not argument.startswith(LOCAL):
        from ingest.sources.remote import look_at_url

        return look_at_url(argument, options)
    return look_at_path(_local_path(argument), options)


def _local_path(argument: str) -> str:
    """The path that an argument or a file:// URL names, so that no link of it is followed."""
    if not argument.startswith(LOCAL):
        return argument
    host, slash, path = argument.removeprefix(LOCAL).partition("/")
    if host not in ("", "localhost"):
        raise UsageError(f"{printable(argument)} names another machine: mount it, or use sftp://")
    return os.fsdecode(unquote_to_bytes(slash + path))


def is_below(argument: str, uri: str, root: str) -> bool:
    """Whether a recorded source is what a SOURCE argument names, or lies below it."""
    given = uri_of(argument)
    return given in (uri, root) or uri.startswith((f"{given}/", f"{given}!/"))


def uri_of(argument: str) -> str:
    if "://" in argument:
        return without_credentials(argument).rstrip("/")
    path = Path(argument)
    if glob.has_magic(argument) and not path.exists():
        return split_glob(argument)[1]
    return path.resolve().as_uri().rstrip("/")
