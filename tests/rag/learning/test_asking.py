"""Questions that a release makes from itself."""

import re
from collections.abc import Sequence

import pytest

from rag.adapters.memory.release import HashingEmbedder, memory_release
from rag.domain import Chunk
from rag.learning.asking import WORDS_ASKED, MadeQuestion, make_questions
from rag.releases.folder import OpenRelease
from tests.small_corpus import TEXTS, make_documents

BEFORE = "Ropes, anchors and lanterns lie ready beside the wooden harbour shed."
ASKED = "Every northern lighthouse keeper must polish the copper lamp before sunset."
AFTER = "Pilots guide foreign vessels through narrow channels during stormy winters."
OTHERS = [
    *("Every keeper must report the lamp.", "The lamp must burn before sunset, every day."),
    *("A keeper reports before sunset.", "Every lamp must last."),
]
LIGHTS = {"lights.md": f"{BEFORE}\n\n{ASKED}\n\n{AFTER}"}
OF_OTHERS = {f"other{n}.md": text for n, text in enumerate(OTHERS)}


def make(texts: dict[str, str]) -> tuple[OpenRelease, list[Chunk]]:
    documents, chunks = make_documents(texts)
    embedder = HashingEmbedder()
    made = memory_release("small", 1, documents=documents, chunks=chunks, embedder=embedder)
    return made, chunks


def ask(texts: dict[str, str], id_: str = "lights-md-1") -> dict[str, list[str]]:
    """The words of the questions about one chunk, by their kind."""
    release, chunks = make(texts)
    made = make_questions([chunk for chunk in chunks if chunk.id == id_], release)
    return {each.kind: each.text.split() for each in made}


def words_of(text: str) -> list[str]:
    return re.findall(r"\w+", text)


def test_the_same_questions_are_made_each_time() -> None:
    def make_all() -> Sequence[MadeQuestion]:
        release, chunks = make(TEXTS | LIGHTS | OF_OTHERS)
        return make_questions(chunks, release)

    once = make_all()
    assert once == make_all()
    assert {each.kind for each in once} == {"words", "rephrased"}


def test_who_knows_a_document_asks_by_the_rarest_words_of_a_sentence() -> None:
    asked = ask(LIGHTS | OF_OTHERS)["words"]
    assert asked == ["northern", "lighthouse", "polish", "copper"]
    assert len(asked) == WORDS_ASKED


@pytest.mark.parametrize("id_", ["leave-md-0", "boats-md-0", "boats-md-1", "dogs-md-0"])
def test_the_words_asked_by_are_few_and_of_one_sentence(id_: str) -> None:
    asked = ask(TEXTS, id_)["words"]
    _, chunks = make(TEXTS)
    [text] = [chunk.text for chunk in chunks if chunk.id == id_]
    assert 1 <= len(asked) <= WORDS_ASKED
    assert any(
        [word for word in words_of(sentence) if word in asked] == asked
        for sentence in re.split(r"(?<=\.)\s", text)
    )


def test_who_does_not_know_it_has_none_of_its_rarest_words_but_some_from_beside() -> None:
    asked = ask(LIGHTS | OF_OTHERS)["rephrased"]
    assert not {"northern", "lighthouse", "polish", "copper"}.intersection(asked)
    own = {"Every", "keeper", "must", "lamp", "before", "sunset"}.intersection(asked)
    beside = set(words_of(f"{BEFORE} {AFTER}")).intersection(asked)
    assert own
    assert beside
    assert own | beside == set(asked)
    assert [word in beside for word in asked] == [bool(at % 2) for at in range(len(asked))]


def test_without_text_beside_the_common_words_are_asked_as_they_are() -> None:
    asked = ask({"lights.md": ASKED} | OF_OTHERS, "lights-md-0")["rephrased"]
    assert set(asked) <= set(words_of(ASKED)) - {"northern", "lighthouse", "polish", "copper"}
    assert asked


@pytest.mark.parametrize(
    "text",
    ["Opening hours", "A. B. C.", "word " * 90, "…… –– …… –– …… –– …… –– …… –– …… –– …… –– ……"],
)
def test_a_chunk_without_a_fit_sentence_is_asked_nothing_about(text: str) -> None:
    assert ask({"lights.md": text} | OF_OTHERS, "lights-md-0") == {}
