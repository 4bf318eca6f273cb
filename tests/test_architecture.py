"""The import arrows between packages and the home of every third-party library."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("rag", "ingest", "api", "evals")
SHARED = (
    *("rag.domain", "rag.releases.manifest", "rag.ports", "rag.errors", "rag.text.sentences"),
    *("rag.text.days",),
    *(
        "rag.releases.chunks",
        "rag.releases.folder",
        "rag.releases.filters",
        "rag.releases.seals",
        "rag.releases.disk_faults",
    ),
)
ARROWS: dict[str, tuple[str, ...]] = {
    "rag": ("rag",),
    "ingest": ("ingest", *SHARED),
    "api": ("api", "rag", "ingest"),
    "evals": ("evals", "rag", "ingest"),
}
WIRING = {
    *("ingest.__main__", "ingest.commands", "api.serving", "rag.__main__", "rag.terminal.commands"),
    *("evals.commands", "evals.bench.__main__"),
    *("api.console", "evals.demo"),
}
HOMES: dict[str, tuple[str, ...]] = {
    "chromadb": ("rag.adapters.indexes.chroma",),
    "cachetools": ("rag.adapters.embedding.micro_batching", "rag.support.reading"),
    "tantivy": ("rag.adapters.indexes.tantivy",),
    "rapidfuzz": ("rag.adapters.indexes.unknown_words",),
    "spellchecker": ("rag.adapters.indexes.lexicons",),
    "sentence_transformers": (
        "rag.adapters.embedding.pair_classifier",
        "rag.adapters.embedding.sentence_transformers",
    ),
    "torch": (
        *("rag.adapters.embedding.bert", "rag.adapters.embedding.bert_folder"),
        *("rag.adapters.embedding.nano_e5", "rag.adapters.embedding.pair_classifier"),
        *("rag.adapters.embedding.sentence_transformers", "evals.bench.scale"),
    ),
    "safetensors": ("rag.adapters.embedding.bert_folder", "rag.adapters.embedding.pair_classifier"),
    "tokenizers": (
        "rag.adapters.embedding.bert_folder",
        "rag.adapters.embedding.sentence_transformers",
    ),
    "huggingface_hub": ("rag.adapters.embedding.pair_classifier", "rag.adapters.embedding.weights"),
    "langchain": ("rag.adapters.chat.langchain_chat",),
    "langchain_core": ("rag.adapters.chat.langchain_chat", "rag.langchain_retriever"),
    "openai": (
        *("rag.adapters.chat.langchain_chat", "rag.adapters.chat.faults"),
        *("rag.adapters.embedding_server.requests", "evals.judging.judge"),
    ),
    "httpx2": ("rag.adapters.embedding_server.requests", "rag.adapters.chat.whole_replies"),
    "tenacity": ("rag.adapters.retrying",),
    "kreuzberg": ("ingest.adapters.kreuzberg",),
    "fsspec": ("ingest.adapters.filesystems",),
    "httpx": ("ingest.adapters.guarded_web", "evals.nights.posting", "evals.nights.service"),
    "psutil": ("evals.bench.watching", "evals.bench.questions"),
    "pathspec": ("ingest.sources.selection",),
    "ahocorasick_rs": ("ingest.releases.needles",),
    "watchfiles": ("ingest.runs.watching",),
    "selectolax": (
        "ingest.formats.hidden.html",
        "ingest.formats.hidden.style_sheets",
        "ingest.formats.hidden.css_selectors",
    ),
    "tinycss2": ("ingest.formats.hidden.style_sheets", "ingest.formats.hidden.colours"),
    "cssselect": ("ingest.formats.hidden.style_sheets", "ingest.formats.hidden.css_selectors"),
    "py3langid": ("ingest.adapters.py3langid",),
    "pebble": ("ingest.sandbox.workers",),
    "yaml": ("ingest.adapters.yaml",),
    "ragas": ("evals.judging.ragas_metrics", "evals.judging.ragas_questions"),
    "scipy": ("evals.statistics.discrepancy", "evals.drift.topics"),
    "sklearn": (
        *("evals.bench.quality.abstaining", "evals.training.regression", "evals.training.support"),
        *("evals.training.trees", "evals.training.answer_confidence"),
    ),
    "fastapi": ("api",),
    "starlette": ("api",),
    "uvicorn": ("api.serving",),
}


def violations(root: Path) -> list[str]:
    """Every import below `root` that breaks an arrow or leaves its library's home."""
    return [
        f"{module} imports {imported}"
        for package in PACKAGES
        for file in sorted((root / package).rglob("*.py"))
        for module in [_module(file, root)]
        for imported in _imports(file)
        if not _may_import(module, imported)
    ]


def _may_import(module: str, imported: str) -> bool:
    top = imported.split(".")[0]
    if top in PACKAGES:
        package = module.split(".")[0]
        return module in WIRING or any(_is_in(imported, allowed) for allowed in ARROWS[package])
    return top not in HOMES or any(_is_in(module, home) for home in HOMES[top])


def _is_in(module: str, package: str) -> bool:
    return module == package or module.startswith(package + ".")


def _module(file: Path, root: Path) -> str:
    parts = file.relative_to(root).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def _imports(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def test_no_import_breaks_an_arrow_or_leaves_its_home() -> None:
    assert violations(ROOT) == []


@pytest.mark.parametrize(
    ("module", "line"),
    [
        ("rag/x.py", "import ingest.corpus.ledger"),
        ("rag/x.py", "from api import main"),
        ("rag/retrieval/x.py", "import evals"),
        ("ingest/x.py", "from rag.settings import Settings"),
        ("ingest/x.py", "from rag import bootstrap"),
        ("ingest/x.py", "import api"),
        ("api/x.py", "from evals import judge"),
        ("evals/x.py", "import api.main"),
        *((f"{home}/x.py", f"import {library}") for library in HOMES for home in ("rag", "ingest")),
    ],
)
def test_a_broken_arrow_or_home_is_reported(tmp_path: Path, module: str, line: str) -> None:
    file = tmp_path / module
    file.parent.mkdir(parents=True)
    file.write_text(line + "\n")
    assert len(violations(tmp_path)) == 1


def test_every_named_home_exists_and_uses_its_library() -> None:
    for library, homes in HOMES.items():
        for home in homes:
            path = ROOT / home.replace(".", "/")
            files = list(path.rglob("*.py")) if path.is_dir() else [path.with_suffix(".py")]
            used = {name.split(".")[0] for file in files for name in _imports(file)}
            assert library in used, f"{home} does not import {library}"


def test_only_entry_points_read_the_environment() -> None:
    readers = {
        _module(file, ROOT)
        for package in PACKAGES
        for file in (ROOT / package).rglob("*.py")
        if re.search(r"os\.(environ|getenv)", file.read_text())
    }
    entry_points = {
        f"{package}.__main__" for package in (*PACKAGES, "evals.bench", "evals.training")
    }
    assert readers <= entry_points | {
        *("evals.demo", "evals.judging.ragas_metrics", "evals.judging.ragas_questions")
    }
