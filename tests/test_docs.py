"""README.md is true: it names what there is, and what it shows can be run."""

import argparse
import importlib
import re
import shlex
from pathlib import Path

import pytest
from fastapi.routing import APIRoute

from api.routes import chat, docs, health, native, page
from evals.judging.ragas_metrics import JUDGED
from evals.metrics.table import METRICS
from ingest.formats.table import EXTRACTORS
from rag.retrieval.searching import RETRIEVERS
from rag.settings import Settings

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
PACKAGES = ("ingest", "rag", "api", "evals")


def parser_of(package: str) -> argparse.ArgumentParser:
    parser = importlib.import_module(f"{package}.__main__").build_parser()
    assert isinstance(parser, argparse.ArgumentParser)
    return parser


def subcommands(package: str) -> list[str]:
    actions = parser_of(package)._subparsers
    groups = actions._group_actions if actions else []
    return [name for group in groups for name in group.choices or ()]


def shown_commands() -> list[str]:
    """Every `python -m package ...` line of README's code."""
    blocks = re.findall(r"```sh\n(.*?)```", README, re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("python -m ")]


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_named_with_its_meaning(field: str) -> None:
    meaning = Settings.model_fields[field].description
    assert re.search(rf"`RAG_{field.upper()}` \|[^\n]*\| {re.escape(str(meaning))} \|", README)


@pytest.mark.parametrize(
    "name", [*METRICS, *JUDGED, *EXTRACTORS, *RETRIEVERS, "EXTRACTORS", "RETRIEVERS", "METRICS"]
)
def test_every_metric_format_retriever_and_table_is_named(name: str) -> None:
    assert f"`{name}`" in README or f'"{name}"' in README


@pytest.mark.parametrize(
    "path",
    [
        f"{min(route.methods or ())} {route.path}"
        for module in (chat, docs, health, native, page)
        for route in module.router.routes
        if isinstance(route, APIRoute)
    ],
)
def test_every_route_is_named(path: str) -> None:
    assert f"`{path}`" in README


@pytest.mark.parametrize("package", PACKAGES)
def test_every_command_is_named(package: str) -> None:
    assert f"python -m {package}" in README
    for name in subcommands(package):
        assert f"python -m {package} {name}" in README or f"`{name}`" in README


@pytest.mark.parametrize("line", shown_commands())
def test_every_shown_command_is_one_that_the_parser_takes(line: str) -> None:
    _, _, package, *arguments = shlex.split(line, comments=True)
    parser_of(package).parse_args(arguments)


@pytest.mark.parametrize("target", ["demo", "test", "quick", "check", "crash", "bench"])
def test_every_make_target_is_named(target: str) -> None:
    assert f"make {target}" in README
    assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M)


def test_nothing_is_left_to_fill_in() -> None:
    assert "<!--" not in README
    assert "TODO" not in README
