"""Days and versions in words."""

import re
from pathlib import Path

import pytest

from rag.adapters.chat.scripted import ScriptedChatModel
from rag.answering.disagreeing.telling import (
    introduce,
    introduce_former,
    label_source,
    tell_day,
)
from rag.domain import PUBLIC, DocumentRef, Message
from tests.small_corpus import About, make_plumbline


def fees(date: str | None = None, start: str | None = None, end: str | None = None) -> DocumentRef:
    return DocumentRef("d", "v", "fees.md", "Fees", date, start, end)


@pytest.mark.parametrize(
    ("day", "words"),
    [("2025-03-01", "1 March 2025"), ("2025-03", "March 2025"), ("2025", "2025")],
)
def test_a_day_is_told_as_far_as_it_is_known(day: str, words: str) -> None:
    assert tell_day(day) == words


@pytest.mark.parametrize(
    ("document", "words"),
    [
        (fees(), "Fees"),
        (fees("2025-03"), "Fees, of March 2025"),
        (fees("2025-03", "2025-04-01"), "Fees, in force from 1 April 2025"),
        (
            fees(None, "2025-04-01", "2025-09-30"),
            "Fees, in force from 1 April 2025 until 30 September 2025",
        ),
        (fees(None, None, "2025-09-30"), "Fees, in force until 30 September 2025"),
    ],
)
def test_a_document_is_introduced_with_its_day(document: DocumentRef, words: str) -> None:
    assert introduce(document) == words


def test_a_former_version_is_introduced_beside_the_one_in_force() -> None:
    old, new = fees(None, "2023-02-01"), fees(None, "2025-03-01")
    assert introduce_former(old, new) == "Until then, the version in force from 1 February 2023"
    assert introduce_former(fees(), fees()) == "Before, an older version"


def test_a_chat_model_is_told_what_replaced_a_source() -> None:
    old = DocumentRef("a", "v", "a.md", "Fees", None, "2023-02-01", None, "b")
    new = DocumentRef("b", "v", "b.md", "Fees", None, "2025-03-01")
    replaced = "Fees, in force from 1 February 2023, REPLACED by "
    assert label_source(old, new) == f"{replaced}the version in force from 1 March 2025"
    assert label_source(old, None) == f"{replaced}a newer version"
    assert label_source(new, None) == "Fees, in force from 1 March 2025"


async def test_a_prompt_says_which_passages_have_been_replaced(tmp_path: Path) -> None:
    texts = {"old.md": "A locker costs 4 euros.", "new.md": "A locker costs 5 euros."}
    about: dict[str, About] = {
        "old.md": ({"number": "L-1", "valid_from": "2021-01-01"}, (PUBLIC,)),
        "new.md": ({"number": "L-1", "valid_from": "2024-01-01"}, (PUBLIC,)),
    }
    chat = ScriptedChatModel(["It costs 5 euros [1]."])
    plumbline = make_plumbline(tmp_path, chat_model=chat, texts=texts, about=about)
    asked = [Message("user", "What does a locker cost?")]
    async for _ in plumbline.answer(asked, corpus="small"):
        pass
    prompt = chat.asked[0][0].content
    unmarked = re.sub(r"^\w{6}\| ", "", prompt, flags=re.M)
    assert "[1] new.md, in force from 1 January 2024\nA locker costs 5" in unmarked
    replaced = "REPLACED by the version in force from 1 January 2024"
    assert f"[2] old.md, in force from 1 January 2021, {replaced}\nA locker costs 4" in unmarked
