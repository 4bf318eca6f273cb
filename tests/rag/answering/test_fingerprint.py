"""The fingerprint of an answer: two that were made differently never have the same one."""

import shutil
import subprocess
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest

import rag
from rag.adapters.chat.scripted import ScriptedChatModel
from rag.adapters.memory.release import HashingEmbedder, OverlapReranker
from rag.answering.code_version import code_version
from rag.bootstrap import make_pipeline
from rag.domain import Answer, Fingerprint, Message
from rag.json_forms import answer_body
from rag.ports import ChatModel
from rag.retrieval.reranking import Reranking
from rag.retrieval.scope import Scope
from rag.settings import load_settings
from tests.small_corpus import make_plumbline, make_release


async def answer(tmp_path: Path, chat_model: ChatModel | None = None, **settings: Any) -> Answer:
    """An answer of the small corpus."""
    plumbline = make_plumbline(tmp_path, chat_model=chat_model, **settings)
    asked = [Message("user", "How many passengers does the Heron carry?")]
    items = [item async for item in plumbline.answer(asked, corpus="small")]
    assert isinstance(items[-1], Answer)
    return items[-1]


async def fingerprint(
    tmp_path: Path, chat_model: ChatModel | None = None, **settings: Any
) -> Fingerprint:
    """The fingerprint of an answer of the small corpus."""
    return (await answer(tmp_path, chat_model, **settings)).fingerprint


@pytest.mark.parametrize(
    ("settings", "field", "value"),
    [
        ({"min_confidence": 0.9}, "threshold", 0.9),
        ({"min_confidence": None}, "threshold", make_release().threshold),
        ({"context_characters": 900}, "context_characters", 900),
        ({"top_k": 3}, "top_k", 3),
    ],
)
async def test_each_setting_that_decides_an_answer_is_in_its_fingerprint(
    settings: dict[str, Any], field: str, value: float, tmp_path: Path
) -> None:
    found = asdict(await fingerprint(tmp_path, **settings))
    plain = asdict(await fingerprint(tmp_path))
    assert found.pop(field) == value != plain.pop(field)
    assert found == plain


async def test_a_chat_model_adds_its_prompt_its_limit_and_what_expands_questions(
    tmp_path: Path,
) -> None:
    settings: dict[str, Any] = {"chat_max_tokens": 77, "expansion": "hyde", "chat_temperature": 0.5}
    chat = ScriptedChatModel(["A boat."], ["The Heron carries 120 passengers [1]."])
    found = await fingerprint(tmp_path, chat, **settings)
    assert (found.chat_model, found.max_tokens, found.temperature) == (chat.name, 77, 0.5)
    assert found.prompt.startswith("answer.v1@")
    assert found.expansion.startswith("hyde hyde.v1@")
    without = await fingerprint(tmp_path, **settings)
    assert (without.prompt, without.expansion) == ("", "")
    assert (without.max_tokens, without.temperature) == (0, 0.0)


def test_a_reranker_is_named_with_its_limits() -> None:
    reranking = Reranking(OverlapReranker(), 4, budget_s=0.3)
    side = make_pipeline(lambda _: HashingEmbedder(), load_settings({}), reranking)
    assert side.reranker_label(Scope()) == "overlap top 4 in 0.3 s"
    assert side.reranker_label(Scope(rerank=False)) == ""


async def test_programs_read_the_whole_fingerprint(tmp_path: Path) -> None:
    made = await answer(tmp_path)
    assert answer_body(made)["fingerprint"] == asdict(made.fingerprint)
    assert made.fingerprint.code == code_version()


def test_the_code_is_hashed_wherever_it_is_installed_and_any_change_shows(tmp_path: Path) -> None:
    copy = tmp_path / "rag"
    shutil.copytree(Path(rag.__file__).parent, copy)
    assert _code_of(tmp_path) == code_version()
    prompt = copy / "prompts" / "answer.v1.md"
    prompt.write_text(prompt.read_text().swapcase())
    changed = _code_of(tmp_path)
    assert changed != code_version()
    assert changed.startswith(f"{rag.__version__}+")


def _code_of(folder: Path) -> str:
    script = "from rag.answering.code_version import code_version; print(code_version())"
    environment = {"PYTHONPATH": str(folder), "PYTHONDONTWRITEBYTECODE": "1"}
    found = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return found.stdout.strip()
