"""Read-only and full disks: what is sound opens, and is never called damaged."""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from ingest.corpus.folder import CorpusFolder
from ingest.corpus.setup import ChosenEmbedder, Setup
from ingest.runs.adding import add
from ingest.sources.scanning import scan
from rag import bootstrap
from rag.adapters.embedding.weights import MINILM
from rag.releases.manifest import Manifest
from rag.settings import load_settings
from tests.unprivileged import ROOT, can_drop, can_mount, mounted, read_only, run_unprivileged

pytestmark = pytest.mark.slow

QUESTION = "How many people does the boat of pier 17 carry?"
READERS = [
    ("rag", "search", QUESTION),
    ("rag", "ask", QUESTION),
    ("rag", "explain", QUESTION),
    ("ingest", "status"),
    ("ingest", "releases"),
    ("ingest", "verify"),
]
READING = """
import io, json, sys
from contextlib import redirect_stderr, redirect_stdout
from ingest.__main__ import main as ingest
from rag.__main__ import main as rag
for package, *arguments in json.loads(sys.argv[1]):
    out, errors = io.StringIO(), io.StringIO()
    with redirect_stdout(out), redirect_stderr(errors):
        code = {"rag": rag, "ingest": ingest}[package](arguments)
    print(json.dumps([arguments[0], code, out.getvalue(), errors.getvalue()]))
"""
READINESS = """
import httpx, sys, time
from functools import partial
from pathlib import Path
from rag.bootstrap import open_plumbline, open_probed_release
from rag.settings import load_settings
from tests.serving import serving
settings = load_settings({}, data=Path(sys.argv[1]))
with serving(settings, partial(open_plumbline, open_release=open_probed_release)) as address:
    for _ in range(300):
        reply = httpx.get(f"{address}/readyz")
        if reply.status_code == 200 or time.sleep(0.1):
            break
    print(reply.text)
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder whose corpus `small` has two releases, searched by their graphs."""
    root = tmp_path_factory.mktemp("made")
    docs = root / "docs"
    docs.mkdir()
    settings = load_settings({"RAG_EMBEDDER": MINILM}, data=root / "data")
    setup = Setup(
        embedder=ChosenEmbedder(
            bootstrap.embedder_fingerprint(settings),
            lambda: bootstrap.load_embedder(settings),
            bootstrap.embedder_name(settings),
        ),
        engines=bootstrap.index_engines(),
        load_engines=bootstrap.load_index_builders,
        exact_up_to=0,
    )
    for number in range(40):
        (docs / f"{number:02}.md").write_text(f"The boat of pier {number} carries {7 * number}.\n")
        if number in (20, 39):
            add(CorpusFolder(settings.data / "corpora" / "small"), scan([str(docs)]), setup)
    return settings.data


@pytest.fixture
def data(made: Path, tmp_path: Path) -> Path:
    """A copy of it."""
    return Path(shutil.copytree(made, tmp_path / "data"))


def command(module: str, *arguments: str, data: Path) -> list[str]:
    """A command of this project."""
    return ["-m", module, *arguments, "--corpus", "small", "--data", str(data)]


def run(*arguments: str, data: Path) -> subprocess.CompletedProcess[str]:
    """A command of this project, with the rights of the tests."""
    return subprocess.run(
        [sys.executable, *command(*arguments, data=data)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,
    )


def contents(folder: Path) -> dict[str, tuple[int, bytes]]:
    """Each file below a folder with when it was changed and what it holds."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path): (path.stat().st_mtime_ns, path.read_bytes()) for path in files}


def check_readers(data: Path) -> None:
    """Every command that only reads works, and the service is ready."""
    commands = [command(*arguments, data=data)[1:] for arguments in READERS]
    done = run_unprivileged("-c", READING, json.dumps(commands))
    assert (done.returncode, done.stderr) == (0, "")
    told = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(name, code, errors) for name, code, _, errors in told] == [
        (name, 0, "") for _, name, *_ in READERS
    ]
    assert "carries 119" in told[0][2]
    done = run_unprivileged("-c", READINESS, str(data))
    assert json.loads(done.stdout)["status"] == "ready", done


@pytest.mark.skipif(not can_drop(), reason="root passes over modes")
def test_a_data_folder_that_may_not_be_written_is_read_by_all_and_stays_as_it_is(
    data: Path,
) -> None:
    before = contents(data)
    with read_only(data):
        check_readers(data)
    assert contents(data) == before


def test_reading_changes_no_release_even_where_it_may(data: Path) -> None:
    before = contents(data / "corpora" / "small" / "releases")
    check_readers(data)
    assert contents(data / "corpora" / "small" / "releases") == before


def test_a_read_only_file_system_is_read_by_all(data: Path, tmp_path: Path) -> None:
    if not can_mount(tmp_path / "trial"):
        pytest.skip("mounting is not allowed here")
    with mounted(tmp_path / "seen", "--bind", str(data)) as seen:
        subprocess.run(["mount", "-o", "remount,ro,bind", str(seen)], check=True)
        check_readers(seen)
        done = run("ingest", "gc", data=seen)
        assert done.returncode == 78
        assert "Read-only file system" in done.stderr


@pytest.mark.skipif(not can_drop(), reason="root passes over modes")
def test_without_a_place_for_temporary_files_what_helps_is_said(data: Path, tmp_path: Path) -> None:
    """No place at all is stood for by a process that may write no file."""
    code = (
        "import resource, sys, runpy; resource.setrlimit(resource.RLIMIT_NOFILE, (256, 256));"
        "import rag.adapters.indexes.views as v; v.PLACES = (sys.argv.pop(1),);"
        "runpy.run_module('rag', run_name='__main__', alter_sys=True)"
    )
    nowhere = str(tmp_path / "nowhere")
    arguments = ["search", QUESTION, "--corpus", "small", "--data", str(data)]
    done = run_unprivileged("-c", code, nowhere, *arguments)
    assert (done.returncode, "carries 119" in done.stdout) == (0, True)
    assert "its vectors are searched one by one" in done.stderr
    with read_only(data):
        done = run_unprivileged("-c", code, nowhere, *arguments)
    assert done.returncode == 74
    assert "set TMPDIR to a folder that can be" in done.stderr
    assert "damaged" not in done.stderr


@pytest.fixture
def full(made: Path, tmp_path: Path) -> Iterator[Path]:
    """The data folder on a disk without a byte to spare, temporary files on it too."""
    if not can_mount(tmp_path / "trial"):
        pytest.skip("mounting is not allowed here")
    with ExitStack() as stack:
        options = ("-t", "tmpfs", "-o", "size=40m", "tmpfs")
        disk = stack.enter_context(mounted(tmp_path / "disk", *options))
        shutil.copytree(made, disk / "data")
        (disk / "tmp").mkdir()
        os.environ["TMPDIR"] = str(disk / "tmp")
        stack.callback(os.environ.pop, "TMPDIR")
        fill(disk / "filler")
        yield disk / "data"


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with path.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(bytes(size))
            except OSError:
                continue


def test_a_full_disk_is_read_by_all(full: Path) -> None:
    check_readers(full)


def test_a_full_disk_is_called_full_and_gc_makes_room_on_it(full: Path) -> None:
    docs = full.parent / "data" / "corpora" / "small" / "LIVE"
    done = run("ingest", "add", str(docs), data=full)
    assert done.returncode == 74
    assert "is full: make room, e.g. by `python -m ingest gc --corpus small`" in done.stderr
    assert "damaged" not in done.stderr
    assert "move it away" not in done.stderr
    done = run("ingest", "gc", "--keep", "1", data=full)
    assert (done.returncode, done.stderr) == (0, "")
    assert "removed 1 releases" in done.stdout
    assert run("ingest", "status", data=full).returncode == 0
    assert run("ingest", "verify", data=full).returncode == 0


def test_an_older_release_that_serves_instead_is_announced(data: Path) -> None:
    folder = CorpusFolder(data / "corpora" / "small")
    (folder.release(2) / "documents.db").write_bytes(b"")
    created = Manifest.from_json((folder.release(1) / "manifest.json").read_text()).created
    done = run("rag", "search", "How many does the boat of pier 7 carry?", data=data)
    assert (done.returncode, "small@1" in done.stdout) == (0, True)
    assert done.stderr.startswith("rag: warning: ")
    assert f"release 1 of {created} serves instead, which may hold what was deleted" in done.stderr
