"""The rooms of each package: which may know which, no circle, no two modules of one name."""

import ast
from collections import Counter
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
FLOORS: dict[str, tuple[tuple[str, ...], ...]] = {
    "rag": (
        *(
            ("errors",),
            ("domain",),
            ("journal",),
            ("ports",),
            ("text",),
            ("outgoing",),
            ("support",),
        ),
        *(("releases",), ("retrieval",)),
        *(("settings", "answering", "adapters", "learning"), ("plumbline", "checkers")),
        *(("json_forms", "langchain_retriever", "bootstrap"),),
        *(("repair",), ("probe", "terminal"), ("__main__",)),
    ),
    "ingest": (
        *(("limits", "clock", "gate", "adapters"), ("text",), ("formats",), ("sources", "sandbox")),
        *(("corpus",), ("releases",), ("runs",), ("terminal",), ("commands", "command_line")),
        ("__main__",),
    ),
    "api": (
        *(("bodies", "errors", "json_bodies", "logs"), ("forms", "state", "limits"), ("replies",)),
        *(("routes",), ("main",), ("serving",), ("__main__",), ("console",)),
    ),
    "evals": (
        *(("samples", "statistics"), ("claims",), ("observing",), ("reports",)),
        *(("metrics", "comparing", "drift"), ("judging", "curation"), ("gates", "set_options")),
        *(("running", "terminal"), ("promoting", "nights")),
        ("set_commands", "judge_commands", "drift_commands"),
        *(("commands", "demo"), ("__main__",), ("bench",)),
        ("training",),
    ),
}
"""The rooms of each package from the lowest up; a room may import from the floors below it."""
LAZY = {
    "rag.bootstrap": "torch, chromadb, tantivy and langchain are loaded where they are used alone",
    "rag.checkers": "torch, where sentences are checked",
    "rag.adapters.embedding.pair_classifier": "torch, where a reranker or a support model is set",
    "rag.adapters.embedding.sentence_transformers": "torch, for models that are not packaged",
    "rag.adapters.embedding.weights": "huggingface_hub, for models that are not on this machine",
    "rag.adapters.embedding_server.requests": "openai, where embeddings come from a server",
    "ingest.sources.scanning": "fsspec and httpx, where a source is not on this machine",
    "evals.commands": "what claims are checked with, for these alone",
    "evals.judge_commands": "ragas, for the judged tier alone",
    "evals.drift_commands": "scipy, for drift alone",
    "evals.set_commands": "ragas, for drafting alone",
    "evals.training.regression": "scikit-learn, where coefficients are learned anew",
    "evals.training.support": "scikit-learn, as above",
    "evals.training.trees": "scikit-learn, as above",
    "evals.training.answer_confidence": "scikit-learn, as above",
    **dict.fromkeys(
        ("rag.__main__", "ingest.__main__", "api.__main__", "evals.__main__"),
        "what a command needs is loaded after its arguments are found right",
    ),
}
"""Modules that import in functions, and for which heavy library."""
MOST_MODULES = 12  # of a folder, its __init__ aside


def modules(root: Path, package: str) -> dict[str, Path]:
    found = {}
    for file in sorted((root / package).rglob("*.py")):
        parts = file.relative_to(root).with_suffix("").parts
        found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = file
    return found


def arrows(root: Path, package: str) -> dict[str, set[str]]:
    """The modules of its package that each module imports, in functions too."""
    known = modules(root, package)
    return {
        module: {
            target
            for name in _imported(ast.walk(ast.parse(file.read_text())))
            if (target := _module_of(name, known)) not in (None, module, package)
        }
        for module, file in known.items()
    }


def _imported(nodes: Iterator[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _module_of(name: str, known: dict[str, Path]) -> str | None:
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name or None


def upward(root: Path) -> list[str]:
    """Every import of a room that is not on a floor below."""
    return [
        f"{module} imports {target}"
        for package, floors in FLOORS.items()
        for module, targets in arrows(root, package).items()
        for target in sorted(targets)
        if not _is_downward(module.split(".")[1:], target.split(".")[1:], floors)
    ]


def _is_downward(module: list[str], target: list[str], floors: tuple[tuple[str, ...], ...]) -> bool:
    if not module or module[0] == target[0]:
        return True
    floor_of = {room: floor for floor, rooms in enumerate(floors) for room in rooms}
    return floor_of[target[0]] < floor_of[module[0]]


def circle(root: Path) -> list[str]:
    """The modules of one circle of imports, none where there is no circle."""
    for package in FLOORS:
        try:
            TopologicalSorter(arrows(root, package)).prepare()
        except CycleError as error:
            found: list[str] = error.args[1]
            return found
    return []


def test_rooms_import_from_the_floors_below_them_alone() -> None:
    assert upward(ROOT) == []


def test_every_room_has_its_floor() -> None:
    for package, floors in FLOORS.items():
        rooms = {name.split(".")[1] for name in modules(ROOT, package) if "." in name}
        assert rooms == {room for rooms in floors for room in rooms}


def test_no_package_has_a_circle_of_imports() -> None:
    assert circle(ROOT) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("rag/retrieval/x.py", "from rag.answering import answerer"),
        ("rag/text/x.py", "import rag.releases.folder"),
        ("rag/releases/x.py", "def f():\n    from rag.bootstrap import open_release"),
        ("ingest/formats/x.py", "from ingest.corpus.ledger import Ledger"),
        ("ingest/releases/x.py", "if TYPE_CHECKING:\n    from ingest.runs import adding"),
        ("api/replies/x.py", "from api.routes import chat"),
        ("evals/samples/x.py", "from evals.metrics import table"),
    ],
)
def test_an_import_from_a_floor_above_is_reported(tmp_path: Path, module: str, line: str) -> None:
    for package in FLOORS:
        for name, file in modules(ROOT, package).items():
            copy = tmp_path / file.relative_to(ROOT)
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_text("" if name != module else line)
    (tmp_path / module).write_text(line)
    assert len(upward(tmp_path)) == 1


def test_a_circle_of_imports_is_reported(tmp_path: Path) -> None:
    for name, line in (("a", "import rag.b"), ("b", "def f():\n    from rag.a import x")):
        (tmp_path / "rag").mkdir(exist_ok=True)
        (tmp_path / "rag" / f"{name}.py").write_text(line)
    assert set(circle(tmp_path)) == {"rag.a", "rag.b"}


@pytest.mark.parametrize("package", FLOORS)
def test_no_two_modules_have_one_name(package: str) -> None:
    names = Counter(name.rpartition(".")[2] for name in modules(ROOT, package) if "." in name)
    del names["__main__"]
    assert [name for name, count in names.items() if count > 1] == []


@pytest.mark.parametrize("package", FLOORS)
def test_no_folder_has_more_modules_than_one_takes_in(package: str) -> None:
    folders = Counter(
        file.parent.relative_to(ROOT).as_posix()
        for file in modules(ROOT, package).values()
        if file.name != "__init__.py"
    )
    assert {folder: n for folder, n in folders.items() if n > MOST_MODULES} == {}


def test_only_what_a_heavy_library_would_slow_imports_in_functions() -> None:
    found = {
        name
        for package in FLOORS
        for name, file in modules(ROOT, package).items()
        if not name.startswith("evals.bench")
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        for _ in _imported(ast.walk(node))
    }
    assert found == LAZY.keys()
