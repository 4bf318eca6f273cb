"""What a reader is told is the same whether documents hidden from them are there or not."""

import asyncio
import json
import random
from collections.abc import Iterator
from itertools import accumulate
from pathlib import Path
from typing import Any

import pytest

from api.routes.native import _corpus
from ingest.corpus.folder import CorpusFolder
from rag.adapters.indexes.chroma import ChromaIndexBuilder
from rag.adapters.indexes.counted_words import CountedPart
from rag.adapters.indexes.tantivy import TantivyIndexBuilder
from rag.bootstrap import open_release_parts
from rag.domain import PUBLIC, Answer, Message
from rag.json_forms import answer_body, explanation_body, search_body
from rag.plumbline import Plumbline
from rag.releases.filters import parse_filters
from rag.releases.folder import NO_WORD
from rag.releases.live import LiveCorpora
from rag.retrieval import query
from rag.retrieval.scope import Scope
from tests.ingest.corpora import SmallCorpus
from tests.small_corpus import TEXTS, About, compose, make_data_folder, make_plumbline

ANYBODY = frozenset[str]()
HR = frozenset({"hr"})
BOARD = ("board",)
SECRET = (
    "Quillfeather buys the Heron and the Tern. Passengers and cars are not told of Quillfeather."
)
SECRETS = {f"secret{n}.md": f"{SECRET}\n\nThe dogs of Quillfeather, note {n}." for n in range(5)}
OF_ONE_REQUEST = ("id", "trace_id", "timings_ms", "created")
SOUNDS = [a + b for a in "bdfgklmnprst" for b in "aeiou"]
WORDS = [a + b for a in SOUNDS for b in SOUNDS[::7]]
WEIGHTS = list(accumulate(1 / (place + 2) for place in range(len(WORDS))))
BEYOND = [(seed, 5) for seed in range(6, 9)]
"""With these, nearly every part is too large to compare the question with all its vectors."""
QUESTIONS = [
    "Quillfeather",
    f"{WORDS[7]} {WORDS[30]}",
    f"{WORDS[60]} {WORDS[42]} {WORDS[80]} Heron",
]


class Told:
    """All that a service says to one reader, as JSON, over some questions."""

    def __init__(self, plumbline: Plumbline, principals: frozenset[str]) -> None:
        self._plumbline = plumbline
        self._principals = principals

    def of(self, questions: list[str], filters: tuple[dict[str, Any], ...]) -> list[str]:
        """One line each; ids and times of a request are left out."""
        bodies = [*self._of_corpus()]
        for question in questions:
            for mode in ("hybrid", "dense", "lexical"):
                for raw in ({}, *filters):
                    scope = Scope(self._principals, parse_filters(raw), mode=mode)
                    bodies += self._asked(question, scope)
        return [json.dumps(body, sort_keys=True) for body in map(_lasting, bodies)]

    def _of_corpus(self) -> Iterator[Any]:
        scope = Scope(self._principals)
        yield _corpus(self._plumbline.corpus("small", scope=scope), self._plumbline)
        yield {"documents": [str(each) for each in self._plumbline.documents("small", scope=scope)]}

    def _asked(self, question: str, scope: Scope) -> Iterator[Any]:
        yield search_body(self._plumbline.search(question, corpus="small", top_k=30, scope=scope))
        asked = [Message("user", question)]
        for document in [None, *self._plumbline.documents("small", scope=scope)[:2]]:
            named = document.id if document else None
            explained = self._plumbline.explain(
                asked, corpus="small", document=named, top_k=60, scope=scope
            )
            yield explanation_body(*asyncio.run(explained))
        yield answer_body(asyncio.run(self._answer(asked, scope)))

    async def _answer(self, asked: list[Message], scope: Scope) -> Answer:
        items = [i async for i in self._plumbline.answer(asked, corpus="small", scope=scope)]
        last = items[-1]
        assert isinstance(last, Answer)
        return last


def _lasting(body: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in body.items() if name not in OF_ONE_REQUEST}


def write(chance: random.Random, chunks: int) -> str:
    """Some paragraphs of made words."""
    return "\n\n".join(
        " ".join(chance.choices(WORDS, cum_weights=WEIGHTS, k=chance.randint(3, 25))).capitalize()
        + "."
        for _ in range(chunks)
    )


def random_texts(chance: random.Random) -> tuple[dict[str, str], dict[str, About]]:
    """Documents of three kinds of readers and two teams."""
    names = [f"{name}{n:02d}.md" for n in range(30) for name in ("a", "b")]
    chosen = chance.sample(names, chance.randint(6, len(names)))
    access = [(PUBLIC,), ("hr",), BOARD, ("hr", "board")]
    about: dict[str, About] = {
        name: ({"team": chance.choice(["fleet", "crew"])}, chance.choice(access)) for name in chosen
    }
    return {name: write(chance, chance.randint(1, 6)) for name in chosen}, about


def readable(
    texts: dict[str, str], about: dict[str, About], principals: frozenset[str]
) -> dict[str, str]:
    """The texts that are left for a reader."""
    readers = principals | {PUBLIC}
    return {n: t for n, t in texts.items() if readers & set(about.get(n, ({}, (PUBLIC,)))[1])}


def test_words_of_hidden_documents_change_nothing(tmp_path: Path) -> None:
    questions = ["Quillfeather", "qwertyuiop canteen", "Heron passengers and Quillfeather's dogs"]
    about: dict[str, About] = {name: ({}, BOARD) for name in SECRETS}
    full = make_plumbline(tmp_path / "full", texts=TEXTS | SECRETS, about=about)
    bare = make_plumbline(tmp_path / "bare", texts=TEXTS)
    filters = ({"source": {"prefix": "b"}},)
    assert Told(full, ANYBODY).of(questions, filters) == Told(bare, ANYBODY).of(questions, filters)
    board = Told(full, frozenset(BOARD)).of(questions, filters)
    assert board != Told(bare, frozenset(BOARD)).of(questions, filters)


def test_a_hidden_word_weighs_as_much_as_one_that_is_nowhere(tmp_path: Path) -> None:
    about: dict[str, About] = {name: ({}, BOARD) for name in SECRETS}
    plumbline = make_plumbline(tmp_path, texts=TEXTS | SECRETS, about=about)
    [hidden, absent] = [
        asyncio.run(plumbline.explain([Message("user", word)], corpus="small"))[1].terms[word]
        for word in ("quillfeather", "qwertyuiop")
    ]
    assert hidden == absent


def test_a_release_is_counted_before_it_replaces_one_in_use(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[str] = []

    def count(_: CountedPart, text: str) -> dict[str, tuple[str, ...]]:
        counted.append(text)
        return {}

    monkeypatch.setattr(CountedPart, "readings", count)
    plumbline = make_plumbline(tmp_path, about={"leave.md": ({}, BOARD)})
    assert counted == []
    make_data_folder(tmp_path, live=2)
    assert plumbline.refresh() == {}
    assert counted == [NO_WORD]


def test_who_may_read_everything_searches_the_whole_index(published: dict[str, Path]) -> None:
    release = open_release_parts(published["some"] / "corpora" / "small" / "releases" / "000001")
    everybody = release.as_read_by({PUBLIC})
    board = release.as_read_by({PUBLIC, *BOARD})
    release.close()
    assert board.lexical is release.lexical
    assert everybody.lexical is not release.lexical
    assert board.readable == release.manifest
    assert everybody.readable.documents == 40


@pytest.mark.parametrize("mode", ["hybrid", "dense", "lexical"])
def test_hidden_documents_that_come_first_crowd_nothing_out(
    mode: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(query, "MOST_ROWS_COMPARED", 5)
    texts = {f"board{n:03d}.md": "Ferry fares." for n in range(1000)} | {
        f"public{n:02d}.md": f"Ferry fares and much else, note {n}." for n in range(100)
    }
    about: dict[str, About] = {name: ({}, BOARD) for name in texts if name.startswith("board")}
    plumbline = make_plumbline(tmp_path, texts=texts, about=about)
    found = plumbline.search("ferry fares", corpus="small", top_k=50, scope=Scope(mode=mode))
    assert len(found.hits) == 50


@pytest.mark.slow
@pytest.mark.parametrize("principals", [ANYBODY, HR], ids=["anybody", "hr"])
@pytest.mark.parametrize(("seed", "most_compared"), [(seed, 20_000) for seed in range(6)] + BEYOND)
def test_no_reply_depends_on_what_is_hidden(
    seed: int,
    most_compared: int,
    principals: frozenset[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(query, "MOST_ROWS_COMPARED", most_compared)
    chance = random.Random(seed)
    texts, about = random_texts(chance)
    questions = [write(chance, 1) for _ in range(3)] + [chance.choice(WORDS)]
    full = make_plumbline(tmp_path / "full", texts=texts, about=about)
    left = readable(texts, about, principals)
    assert left
    bare = make_plumbline(tmp_path / "bare", texts=left, about=about)
    filters = (
        ({"team": "fleet"},) if any(about[name][0]["team"] == "fleet" for name in left) else ()
    )
    told = Told(full, principals).of(questions, filters)
    assert told == Told(bare, principals).of(questions, filters)


@pytest.fixture(scope="module")
def published(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Releases of the same visible files: with hidden ones, with others, and without any."""
    corpus = SmallCorpus(tmp_path_factory.mktemp("published"))
    corpus.engines = lambda: (ChromaIndexBuilder(), TantivyIndexBuilder())
    chance = random.Random(5)
    for n in range(40):
        corpus.write(f"seen{n:02d}.md", f"---\nteam: t{n % 3}\n---\n\n{headed(chance)}")
    published = {}
    for name, hidden in (("none", 0), ("some", 25), ("more", 60)):
        corpus.write("board/.meta.json", '{"acl": ["board"], "project": "canteen"}')
        for n in range(hidden):
            corpus.write(f"board/{n:02d}.md", f"{headed(chance)}\n\n{SECRET * (n % 4)}")
        corpus.folder = CorpusFolder(corpus.sources.parent / name / "corpora" / "small")
        corpus.add()
        published[name] = corpus.sources.parent / name
    return published


def headed(chance: random.Random) -> str:
    """Three sections."""
    return "\n\n".join(f"# {write(chance, 1)}\n\n{write(chance, 1)}" for _ in range(3))


def open_small(data: Path) -> Plumbline:
    corpora = LiveCorpora(data, open_release_parts)
    corpora.refresh()
    return compose(corpora)


@pytest.fixture
def sides(published: dict[str, Path]) -> Iterator[dict[str, Plumbline]]:
    """The question side of each of them."""
    sides = {name: open_small(data) for name, data in published.items()}
    yield sides
    for plumbline in sides.values():
        plumbline.close()


def test_no_reply_of_the_real_engines_depends_on_what_is_hidden(
    sides: dict[str, Plumbline],
) -> None:
    filters = ({"team": "t1"},)
    some, more = (Told(sides[name], ANYBODY).of(QUESTIONS, filters) for name in ("some", "more"))
    assert some == more
    board = frozenset(BOARD)
    assert Told(sides["some"], board).of(QUESTIONS, ()) != Told(sides["more"], board).of(
        QUESTIONS, ()
    )


def test_a_part_is_searched_as_a_release_of_its_own(sides: dict[str, Plumbline]) -> None:
    for question in QUESTIONS[1:]:
        parted, alone = (
            asyncio.run(sides[name].explain([Message("user", question)], corpus="small"))[1]
            for name in ("some", "none")
        )
        assert parted.terms == alone.terms
        assert (parted.chunks, parted.searched) == (alone.chunks, alone.searched)
        assert parted.search.confidence == pytest.approx(alone.search.confidence, abs=1e-5)
        assert [each.chunk.id for each in parted.candidates] == [
            each.chunk.id for each in alone.candidates
        ]
        for one, other in zip(parted.candidates, alone.candidates, strict=True):
            scores = {name: place.score for name, place in other.places.items()}
            assert {n: place.score for n, place in one.places.items()} == pytest.approx(
                scores, abs=1e-4
            )
