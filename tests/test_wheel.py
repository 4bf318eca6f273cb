"""The wheel holds what the product needs, and its command works from any folder."""

import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import httpx
import pytest

from api.console import COMMANDS, main
from evals.demo import QUESTION
from rag import __version__

ROOT = Path(__file__).parent.parent
PACKAGES = ("rag", "ingest", "api", "evals")


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    """A command to whom the folder of this repository is unknown."""
    environment = {
        key: value
        for key, value in os.environ.items()
        if not key.startswith(("RAG_", "PYTHONPATH", "PYTHONHOME", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        [str(part) for part in command], cwd=cwd, env=environment, capture_output=True, text=True
    )


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of this repository, built without the network."""
    source = tmp_path_factory.mktemp("source")
    for name in ("pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    for package in (*PACKAGES, "tests"):
        shutil.copytree(ROOT / package, source / package, ignore=shutil.ignore_patterns("__py*"))
    options = ("--quiet", "--no-deps", "--no-index", "--no-build-isolation")
    built = run(sys.executable, "-m", "pip", "wheel", *options, "-w", source, source, cwd=source)
    assert built.returncode == 0, built.stderr
    [wheel] = source.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def programs(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of programs of a fresh environment, which borrows the libraries of this one."""
    home = tmp_path_factory.mktemp("environment")
    venv.create(home)
    programs = home / "bin"
    options = ("--quiet", "--no-deps", "--no-index")
    pip = (sys.executable, "-m", "pip", "--python", programs / "python")
    installed = run(*pip, "install", *options, wheel, cwd=home)
    assert installed.returncode == 0, installed.stderr
    [libraries] = home.glob("lib/python*/site-packages")
    (libraries / "borrowed.pth").write_text(sysconfig.get_path("purelib") + "\n")
    return programs


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder whose own folders are named like our packages."""
    for name in PACKAGES:
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("raise SystemExit('not this one')\n")
    return tmp_path


@pytest.mark.slow
def test_the_wheel_holds_each_file_of_the_product_and_nothing_else(wheel: Path) -> None:
    held = {Path(name) for name in zipfile.ZipFile(wheel).namelist()}
    there = {
        path.relative_to(ROOT)
        for package in PACKAGES
        for path in (ROOT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }
    examples = (path for path in (ROOT / "examples").rglob("*") if path.is_file())
    there |= {Path("evals") / path.relative_to(ROOT) for path in examples}
    of_the_product = {path for path in there if path.parts[:2] != ("evals", "bench")}
    told = {path for path in held if not path.parts[0].endswith(".dist-info")}
    assert told == of_the_product
    assert {Path(package, "py.typed") for package in PACKAGES} <= held
    assert Path("evals/sets/handbook.jsonl") in held
    assert Path("api/templates/chat.html") in held


@pytest.mark.slow
def test_the_demonstration_answers_from_any_folder(programs: Path, folder: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = str(listener.getsockname()[1])
    shown = run(programs / "plumbline", "demo", "--once", "--port", port, cwd=folder)
    assert shown.returncode == 0, shown.stderr
    assert "annual-leave-policy.md" in shown.stdout
    assert "18 weeks on full pay" in shown.stdout
    assert f"http://127.0.0.1:{port}/" in shown.stdout
    asked = run(programs / "plumbline", "ask", QUESTION, "--corpus", "handbook", cwd=folder)
    assert "18 weeks on full pay" in asked.stdout
    measured = run(programs / "plumbline", "eval", "run", "--limit", "5", cwd=folder)
    assert measured.returncode == 0, measured.stderr
    assert (folder / "reports" / "latest" / "report.html").is_file()


@pytest.mark.slow
def test_a_file_is_ingested_verified_and_served_from_any_folder(
    programs: Path, folder: Path
) -> None:
    (folder / "heron.md").write_text("# Heron\n\nThe Heron carries 120 passengers.\n")
    plumbline = programs / "plumbline"
    for command in (("add", "heron.md"), ("verify",), ("rebuild",)):
        done = run(plumbline, "ingest", *command, "--corpus", "fleet", cwd=folder)
        assert done.returncode == 0, done.stderr
    service = subprocess.Popen(
        [plumbline, "serve", "--port", "0"], cwd=folder, stderr=subprocess.PIPE, text=True
    )
    assert service.stderr
    lines = []
    for line in service.stderr:
        lines.append(line)
        if "ready:" in line:
            break
    [address] = re.findall(r"http://127\.0\.0\.1:\d+", "".join(lines))
    body = {"question": "How many passengers does the Heron carry?", "corpus": "fleet"}
    answer = httpx.post(f"{address}/v1/answers", json=body, timeout=30).json()
    page = httpx.get(f"{address}/").text
    service.send_signal(signal.SIGINT)
    service.communicate(timeout=30)
    assert service.returncode == 0
    assert answer["citations"][0]["quote"] == "The Heron carries 120 passengers."
    assert "<title>" in page


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as exit:
        main(["--version"])
    assert exit.value.code == 0
    assert capsys.readouterr().out == f"plumbline {__version__}\n"


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        ([], 2, "plumbline: error: the following arguments are required: command"),
        (["tell"], 2, "invalid choice: 'tell' (choose from 'ingest', 'search', 'ask',"),
        (["ask"], 2, "plumbline ask: error: the following arguments are required: question"),
        (["ingest", "add"], 2, "plumbline ingest add: error: the following arguments are"),
        (["serve", "--port", "x"], 2, "plumbline serve: error: argument --port: invalid int"),
        (["eval", "walk"], 4, "plumbline eval: argument command: invalid choice: 'walk'"),
        (["demo", "--port", "0"], 2, "plumbline demo: error: argument --port: '0' is not a port"),
    ],
)
def test_what_cannot_be_meant_is_refused_as_elsewhere(
    capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, says: str
) -> None:
    with pytest.raises(SystemExit) as exit:
        main(arguments)
    assert exit.value.code == code
    assert says in capsys.readouterr().err


@pytest.mark.parametrize("command", COMMANDS)
def test_each_command_helps_under_its_own_name(
    capsys: pytest.CaptureFixture[str], command: str
) -> None:
    with pytest.raises(SystemExit) as exit:
        main([command, "--help"])
    assert exit.value.code == 0
    assert capsys.readouterr().out.startswith(f"usage: plumbline {command} ")
