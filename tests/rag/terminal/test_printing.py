"""Answers on the terminal: doubts behind their sentences, sources with their age."""

from dataclasses import replace
from pathlib import Path

import pytest

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.terminal.printing import print_answer
from tests.rag.answering.test_answering import HERON, ask
from tests.small_corpus import make_plumbline

SAID = "👩‍✈️ The Heron carries 130 passengers. [1] It carries 18 cars [1]."


async def test_a_doubtful_sentence_says_why_behind_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plumbline = make_plumbline(tmp_path, chat_model=ScriptedChatModel([SAID]))
    _, answer = await ask(plumbline, HERON)
    print_answer(answer)
    shown = " ".join(capsys.readouterr().out.split())
    assert "130 passengers. [1] (differs: the source does not say 130) It carries 18" in shown
    assert "[1] boats.md [0:45] “The Heron carries 120 passengers and 18 cars.”" in shown


async def test_a_source_shows_its_day_and_that_a_newer_version_exists(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    _, answer = await ask(make_plumbline(tmp_path), HERON)
    first = answer.citations[0]
    old = replace(first.document, valid_from="2023-03-01", superseded_by="x")
    print_answer(replace(answer, citations=(replace(first, document=old),)))
    shown = " ".join(capsys.readouterr().out.split())
    assert "boats.md [0:45], of 2023-03-01, there is a newer version" in shown
