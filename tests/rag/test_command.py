"""`python -m rag`: one line and a fitting exit code for what cannot be meant."""

import io
import json
import subprocess
import sys
from pathlib import Path

import pytest

from rag.__main__ import main

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parent.parent.parent


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        (["search", "x", "--corpus", "absent"], 66, "python -m ingest add"),
        (["ask", "x", "--corpus", "../etc"], 2, "not allowed"),
        (["ask", " ", "--corpus", "absent"], 2, "empty"),
        (["ask", "x" * 9000, "--corpus", "absent"], 2, "8192"),
        (["search", "x", "--corpus", "absent", "--top-k", "0"], 78, "RAG_TOP_K"),
    ],
)
def test_bad_input_is_one_line(
    arguments: list[str], code: int, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--data", str(tmp_path)]) == code
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_a_missing_corpus_name_is_a_usage_error() -> None:
    with pytest.raises(SystemExit) as caught:
        main(["ask", "x"])
    assert caught.value.code == 2


@pytest.mark.parametrize("package", ["rag", "ingest", "evals", "api"])
def test_help_loads_nothing_heavy(package: str) -> None:
    code = (
        f"import runpy, sys; sys.argv = ['{package}', '--help']\n"
        f"try: runpy.run_module('{package}', run_name='__main__')\n"
        "except SystemExit as end: code = end.code\n"
        "heavy = {'torch', 'chromadb', 'langchain', 'ragas', 'kreuzberg', 'pydantic', 'fastapi'}\n"
        "print(sorted(heavy & set(sys.modules))); sys.exit(code)"
    )
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0
    assert run.stdout.endswith("[]\n")
    assert "usage:" in run.stdout


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "cannot be read"),
        ("{", "cannot be read"),
        ("{}", "no list of passages"),
        ('[{"id": "a"}]', "passage 1"),
        ("[]", "at least one"),
    ],
)
def test_passages_that_cannot_be_read_are_one_line(
    content: str | None, says: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "passages.json"
    if content is not None:
        file.write_text(content)
    assert main(["check", "Dogs travel free.", "--passages", str(file)]) == 2
    error = capsys.readouterr().err
    assert says in error
    assert error.count("\n") == 1


def test_a_text_is_checked_against_a_file_of_passages(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "passages.json"
    file.write_text('[{"id": "dogs", "text": "Dogs travel free of charge."}]')
    monkeypatch.setattr(sys, "stdin", io.StringIO("Dogs travel free of charge [dogs]."))
    assert main(["check", "-", "--passages", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "supported"
    false = ["check", "Dogs travel in 17 red limousines.", "--passages", str(file)]
    assert main(false) == 1
    assert "(no source: " in capsys.readouterr().out.replace("\n", " ")
