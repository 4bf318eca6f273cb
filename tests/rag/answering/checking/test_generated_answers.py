"""A thousand generated answers: each mark opens its own quote, each doubtful character is told."""

import asyncio
import random
import re
from dataclasses import dataclass
from itertools import pairwise

import pytest

from ingest.text.structure import parse_markdown
from rag.adapters.chat.scripted import ScriptedChatModel
from rag.adapters.memory.release import HashingEmbedder, memory_release
from rag.adapters.memory.word_checker import WordChecker
from rag.answering.checking.judging import Checking
from rag.answering.prompted import stream_prompted
from rag.answering.prompts import load_prompt
from rag.answering.turn import Draft
from rag.domain import AnswerDelta, Chunk, Document, Page, Passage, SearchResult, Span
from rag.releases.folder import OpenRelease
from tests.small_corpus import make_turn

ANSWERS = 1000
MARK = re.compile(r"\[(\d+)\]")
SHIPS = ("Heron", "Tern", "Puffin", "Gannet", "Curlew", "Avocet")
FACTS = (
    "carries {} passengers",
    "was built in the year {}",
    "burns {} litres of fuel an hour",
    "needs {} people as its crew",
    "has {} cabins below the deck",
)
FALSE = (
    "The harbour master keeps seven goats",
    "Tickets are printed on green velvet",
    "Moonlight tours depart each leap second",
    "Umbrellas cost nothing at midnight",
)


def make_documents() -> tuple[list[Document], list[tuple[str, str]]]:
    """A document a ship, a section a fact, and each fact with the document it stands in."""
    documents, facts = [], []
    for place, ship in enumerate(SHIPS):
        text = f"# {ship}\n\nAll about the ship.\n"
        for number, fact in enumerate(FACTS):
            said = f"The {ship} {fact.format(100 + 7 * place + 31 * number)}"
            facts.append((f"doc-{place}", said))
            text += f"\n## Section {number}\n\nSome words come first. {said}. Others follow it.\n"
        half = text.index("## Section 2")
        pages = (Page(1, Span(0, half)), Page(2, Span(half, len(text))))
        documents.append(
            Document(f"doc-{place}", "v", f"{ship}.md", ship, text, "text/markdown", pages)
        )
    return documents, facts


def make_release(documents: list[Document]) -> OpenRelease:
    """Each document as chunks of two sections, which name what these have in common."""
    chunks = []
    for document in documents:
        starts = [0, *(document.text.index(f"## Section {n}") for n in (1, 3)), len(document.text)]
        for start, end in pairwise(starts):
            text = document.text[start:end].rstrip()
            span = Span(start, start + len(text))
            chunks.append(
                Chunk(f"{document.id}-{start}", document.id, span, text, 1, (document.title,))
            )
    return memory_release("c", 1, documents=documents, chunks=chunks, embedder=HashingEmbedder())


DOCUMENTS, SAID = make_documents()
RELEASE = make_release(DOCUMENTS)
PASSAGES = tuple(
    Passage(each.reference, Span(0, len(each.text)), each.text, 1, (each.title,), 1.0)
    for each in DOCUMENTS
)
PLACES = {document.id: place for place, document in enumerate(DOCUMENTS, 1)}


@dataclass(frozen=True)
class Told:
    """A statement of a generated answer: what it says, and the passages that it cites."""

    text: str
    is_true: bool
    cited: tuple[int, ...]

    def marks(self, chance: random.Random) -> str:
        if not self.cited:
            return ""
        forms = [
            "".join(f"[{n}]" for n in self.cited),
            "".join(f"【{n}】" for n in self.cited),
            "".join(f"[^{n}]" for n in self.cited),
            f"[{', '.join(map(str, self.cited))}]",
        ]
        return chance.choice(forms)


def make_told(chance: random.Random) -> Told:
    if chance.random() < 0.3:
        cited = chance.sample(range(1, len(SHIPS) + 1), chance.choice((0, 1, 1, 2)))
        return Told(chance.choice(FALSE), False, tuple(cited))
    document, said = chance.choice(SAID)
    return Told(said, True, (PLACES[document],))


def write_prose(told: list[Told], chance: random.Random) -> str:
    forms = ("{0} {1}. ", "{0}. {1} ", "{0}.{1} ", "{0}.\n{1}\n", "**{0}** {1}. ", "{0}{1}.\n")
    form = chance.choice(forms)
    return "".join(form.format(each.text, each.marks(chance)) for each in told)


def write_leading(told: list[Told], chance: random.Random) -> str:
    return "".join(f"{each.marks(chance) or 'Also:'} {each.text}.\n\n" for each in told)


def write_list(told: list[Told], chance: random.Random) -> str:
    bullet = chance.choice(("- ", "* ", "1. ", "• ", "3) ", "- [ ] ", "> "))
    form = chance.choice(("{0} {1}", "{0}. {1}", "{1} {0}", "{0}\n  {1}", "{0} {1}."))
    items = [form.format(each.text, each.marks(chance)).rstrip() for each in told]
    lead_in = chance.choice(("", "Details:\n\n", "## What is known\n\n", "**In short**\n"))
    return lead_in + "\n".join(bullet + item.strip() for item in items)


def write_table(told: list[Told], chance: random.Random) -> str:
    form = chance.choice(("| {0} {1} | yes |", "| {0} | yes | {1} |", "| {1} | {0} |"))
    rows = [form.format(each.text, each.marks(chance)) for each in told]
    cells = rows[0].count("|") - 1
    head = "|".join(["", " What ", " Whether "][: cells + 1] + [" Where "] * (cells - 2) + [""])
    return "\n".join([head, "|" + "---|" * cells, *rows])


WRITERS = (write_prose, write_leading, write_list, write_table)


async def run(text: str, chance: random.Random) -> tuple[str, Draft]:
    """The streamed text and the draft of a model that says `text` in pieces of any length."""
    cuts = sorted(chance.sample(range(len(text) + 1), min(len(text), chance.choice((0, 5, 40)))))
    pieces = [text[start:end] for start, end in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    chat = ScriptedChatModel([piece for piece in pieces if piece])
    found = SearchResult("Which ship?", "c", 1, "hybrid", 1.0, (), passages=PASSAGES)
    streamed, drafts = "", []
    async for item in stream_prompted(
        make_turn(RELEASE, found),
        chat_model=chat,
        prompt=load_prompt(),
        checking=Checking(WordChecker()),
    ):
        if isinstance(item, AnswerDelta):
            streamed += item.text
        else:
            drafts.append(item)
    [draft] = drafts
    return streamed, draft


def heading_of(document: Document, offset: int) -> tuple[str, ...]:
    blocks = parse_markdown(document.text)
    return next(b.heading for b in blocks if b.span.start <= offset < b.span.end)


def assert_citations_are_true(draft: Draft) -> None:
    documents = {document.id: document for document in DOCUMENTS}
    for number, citation in enumerate(draft.citations, 1):
        document, span = documents[citation.document.id], citation.span
        assert citation.number == number
        assert citation.quote == document.text[span.start : span.end]
        assert citation.page == document.page_at(span.start)
        assert citation.heading == heading_of(document, span.start)
    assert len({(each.document.id, each.span) for each in draft.citations}) == len(draft.citations)
    shown = list(dict.fromkeys(int(number) for number in MARK.findall(draft.text)))
    assert shown == list(range(1, len(draft.citations) + 1))


def assert_told(told: Told, draft: Draft, start: int) -> None:
    end = start + len(told.text)
    [sentence] = [s for s in draft.sentences if s.span.start < end and s.span.end > start]
    assert sentence.span.start <= start
    assert end <= sentence.span.end
    assert sentence.is_doubtful != told.is_true
    assert sentence.text == draft.text[sentence.span.start : sentence.span.end]
    marks = {int(number) - 1 for number in MARK.findall(sentence.text)}
    assert marks == set(sentence.citations)
    cited = {PLACES[draft.citations[index].document.id] for index in marks}
    assert cited == set(told.cited)
    if told.is_true:
        assert all(told.text in draft.citations[index].quote for index in marks)


@pytest.mark.parametrize("part", range(10))
def test_a_thousand_answers_of_all_forms_hold(part: int) -> None:
    for seed in range(part, ANSWERS, 10):
        chance = random.Random(seed)
        blocks = [
            (chance.choice(WRITERS), [make_told(chance) for _ in range(chance.randint(1, 4))])
            for _ in range(chance.randint(1, 3))
        ]
        text = "\n\n".join(write(told, chance) for write, told in blocks)
        streamed, draft = asyncio.run(run(text, chance))
        assert draft.text.startswith(streamed), text
        assert_citations_are_true(draft)
        at = 0
        for each in (one for _, told in blocks for one in told):
            at = draft.text.index(each.text, at)
            assert_told(each, draft, at)
            at += len(each.text)
