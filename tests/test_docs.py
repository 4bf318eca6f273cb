"""README and docs/ are true: they name what there is, and what they show can be run."""

import argparse
import importlib
import re
import shlex
import tomllib
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from pkgutil import resolve_name

import pytest
from fastapi.routing import APIRoute

from api.errors import HTTP_CODES, STATUS
from api.routes import chat, docs, health, native, page
from evals.judging.ragas_metrics import JUDGED
from evals.metrics.table import METRICS
from ingest.formats.containers.packed import PACKED
from ingest.formats.table import EXTRACTORS
from ingest.sources.archives import SUFFIXES
from ingest.text.languages import NAMES
from rag.errors import RagError
from rag.retrieval.retrievers import RETRIEVERS
from rag.settings import Settings

ROOT = Path(__file__).parent.parent
PAGES = {
    path.relative_to(ROOT).as_posix(): path.read_text(encoding="utf-8")
    for path in (ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")))
}
README = PAGES["README.md"]
DOCS = "\n".join(PAGES.values())
DECISIONS = [name for name in PAGES if name.startswith("docs/decisions/")]
DECISION_INDEX = "docs/decisions/README.md"
PACKAGES = ("ingest", "rag", "api", "evals")
MOST_WORDS_OF_README = 1000
MOST_BYTES_OF_AN_IMAGE = 250_000
LINE_LENGTH = 120
FENCE = re.compile(r"^```.*?^```$", re.S | re.M)
LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")


def parser_of(package: str) -> argparse.ArgumentParser:
    parser = importlib.import_module(f"{package}.__main__").build_parser()
    assert isinstance(parser, argparse.ArgumentParser)
    return parser


def subcommands(package: str) -> list[str]:
    actions = parser_of(package)._subparsers
    groups = actions._group_actions if actions else []
    return [name for group in groups for name in group.choices or ()]


def shown_commands() -> list[str]:
    """Every `python -m package ...` line of the documents' code."""
    blocks = re.findall(r"```sh\n(.*?)```", DOCS, re.S)
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if line.startswith("python -m ")]


def make_targets() -> list[str]:
    """The targets of the Makefile that say what they are for."""
    return re.findall(r"^([a-z]+):[^\n]* ## ", (ROOT / "Makefile").read_text(), re.M)


def exit_codes() -> set[int]:
    kinds = [RagError]
    for kind in kinds:
        kinds += kind.__subclasses__()
    return {0, 130, *(kind.exit_code for kind in kinds)}


def anchors(text: str) -> set[str]:
    """The anchors that GitHub gives to the headings of a page."""
    headings = re.findall(r"^#+ (.+)$", FENCE.sub("", text), re.M)
    kept = (re.sub(r"[^\w\- ]", "", heading.lower()) for heading in headings)
    return {heading.replace(" ", "-") for heading in kept}


def links() -> Iterator[tuple[str, str]]:
    for name, text in PAGES.items():
        for target in LINK.findall(FENCE.sub("", text)):
            if "://" not in target:
                yield name, target


@pytest.mark.parametrize("field", Settings.model_fields)
def test_every_setting_is_named_with_its_meaning(field: str) -> None:
    meaning = Settings.model_fields[field].description
    assert re.search(rf"`RAG_{field.upper()}` \|[^\n]*\| {re.escape(str(meaning))} \|", DOCS)


@pytest.mark.parametrize(
    "name",
    [
        *(*METRICS, *JUDGED, *EXTRACTORS, *PACKED, *SUFFIXES, *RETRIEVERS),
        *("EXTRACTORS", "RETRIEVERS", "METRICS"),
    ],
)
def test_every_metric_format_retriever_and_table_is_named(name: str) -> None:
    assert f"`{name}`" in DOCS or f'"{name}"' in DOCS


@pytest.mark.parametrize("name", sorted(set(NAMES.values())))
def test_every_language_is_named(name: str) -> None:
    assert name in PAGES["docs/guide.md"]


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
    assert f"`{path}`" in PAGES["docs/api.md"]


@pytest.mark.parametrize("code", sorted({*HTTP_CODES.values(), *(code for *_, code in STATUS)}))
def test_every_code_of_an_error_is_named(code: str) -> None:
    assert f"`{code}`" in PAGES["docs/api.md"]


@pytest.mark.parametrize("code", sorted(exit_codes()))
def test_every_exit_code_is_named(code: int) -> None:
    assert re.search(rf"^\| {code} \|", DOCS, re.M)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_command_is_named(package: str) -> None:
    assert f"python -m {package}" in DOCS
    for name in subcommands(package):
        assert f"python -m {package} {name}" in DOCS or f"`{name}`" in DOCS


@pytest.mark.parametrize("line", sorted(set(shown_commands())))
def test_every_shown_command_is_one_that_the_parser_takes(line: str) -> None:
    _, _, package, *arguments = shlex.split(line, comments=True)
    parser_of(package).parse_args(arguments)


@pytest.mark.parametrize("target", make_targets())
def test_every_make_target_is_named(target: str) -> None:
    assert f"`make {target}`" in DOCS


def test_every_shown_make_target_is_there() -> None:
    shown = set(re.findall(r"`make ([a-z]+)", DOCS)) | set(re.findall(r"^make (\w+)", DOCS, re.M))
    assert {"demo", "test", "quick", "check", "crash", "bench"} <= shown <= set(make_targets())


@pytest.mark.parametrize(("name", "target"), sorted(set(links())))
def test_every_link_leads_somewhere(name: str, target: str) -> None:
    path, _, anchor = target.partition("#")
    file = (ROOT / name).parent / path if path else ROOT / name
    assert file.is_file()
    if anchor:
        assert anchor in anchors(file.read_text(encoding="utf-8"))


@pytest.mark.parametrize("name", [name for name in PAGES if name != "README.md"])
def test_every_page_is_linked_from_another(name: str) -> None:
    found = [((ROOT / page).parent / target.partition("#")[0]) for page, target in links()]
    assert (ROOT / name) in [file.resolve() for file in found]


@pytest.mark.parametrize("image", sorted((ROOT / "docs" / "images").iterdir()))
def test_every_image_is_shown_and_small(image: Path) -> None:
    assert image.relative_to(ROOT).as_posix() in README
    assert image.stat().st_size <= MOST_BYTES_OF_AN_IMAGE


def test_readme_is_short() -> None:
    assert len(README.split()) <= MOST_WORDS_OF_README


@pytest.mark.parametrize("name", PAGES)
def test_lines_of_prose_are_short(name: str) -> None:
    prose = FENCE.sub("", PAGES[name]).splitlines()
    long = [line for line in prose if len(line) > LINE_LENGTH and not line.startswith("|")]
    assert long == []


@pytest.mark.parametrize("name", [name for name in DECISIONS if name != DECISION_INDEX])
def test_a_decision_says_what_was_tried_measured_and_decided(name: str) -> None:
    for part in ("tried", "measured|numbers", "decision"):
        assert re.search(rf"^(?:## |\*\*).*\b(?:{part})\b", PAGES[name], re.M | re.I)
    assert f"({Path(name).name})" in PAGES[DECISION_INDEX]


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_left_to_fill_in(name: str) -> None:
    assert "<!--" not in PAGES[name]
    assert "TODO" not in PAGES[name]


def test_the_documents_are_in_no_wheel() -> None:
    build = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["setuptools"]
    taken = build["packages"]["find"]["include"]
    assert any(fnmatch("rag", pattern) for pattern in taken)
    assert not [pattern for pattern in taken if fnmatch("docs", pattern)]


@pytest.mark.parametrize("name", PAGES)
def test_every_file_that_is_named_exists(name: str) -> None:
    named = re.findall(r"`((?:rag|ingest|api|evals|tests|docs|examples)/[\w./-]+)`", PAGES[name])
    assert [path for path in named if not (ROOT / path).exists()] == []


def dotted_names() -> list[str]:
    """The modules and functions that the tables of the two paths name."""
    tables = re.findall(r"^\| \d+ \| ([^|]*)\|", PAGES["docs/architecture.md"], re.M)
    return [name for cell in tables for name in re.findall(r"`([a-z]\w*(?:\.\w+)+)`", cell)]


@pytest.mark.parametrize("name", dotted_names())
def test_every_step_of_the_two_paths_is_there(name: str) -> None:
    path = name if name.split(".")[0] in PACKAGES else f"ingest.{name}"
    assert resolve_name(path) is not None


@pytest.mark.parametrize(
    "diff", re.findall(r"```diff\n(.*?)```", PAGES["docs/contributing.md"], re.S)
)
def test_what_an_example_of_a_change_takes_out_is_there(diff: str) -> None:
    for part in re.split(r"^--- a/", diff, flags=re.M)[1:]:
        name, *lines = part.splitlines()
        lines = [line[1:] for line in lines if line.startswith(("-", " ")) and line.strip()]
        text = (ROOT / name).read_text(encoding="utf-8")
        assert [line for line in lines if line not in text] == []
