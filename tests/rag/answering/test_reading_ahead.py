"""What answers will be made of, embedded before anybody asks."""

from collections.abc import Sequence

from rag.adapters.embedding.micro_batching import MicroBatchingEmbedder
from rag.adapters.memory.release import HashingEmbedder
from rag.answering.extracting.extractive import answer_extractively
from rag.answering.reading_ahead import read_ahead
from rag.ports import Vectors
from tests.small_corpus import make_release, make_turn, search

TEXTS = {
    "pets.md": "# Pets\n\nDogs travel free on all routes. Cats pay two euros in a box.",
    "ships.md": "# Ships\n\n| Ship | Crew |\n|---|---|\n| Tern | 7 |\n| Solan | 9 |",
}
QUESTION = "dogs travel free"


class Counting(HashingEmbedder):
    """Notes each text of a document that it embeds."""

    def __init__(self) -> None:
        super().__init__()
        self.read: list[str] = []

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        self.read += texts
        return super().embed_documents(texts)


def test_an_answer_of_a_release_that_was_read_ahead_embeds_no_more_of_its_documents() -> None:
    release = make_release(texts=TEXTS)
    inner = Counting()
    embedder = MicroBatchingEmbedder(inner)
    assert read_ahead(release, embedder, lambda: False) == len(inner.read) == len({*inner.read})
    before = len(inner.read)
    draft = answer_extractively(make_turn(release, search(QUESTION, release), QUESTION), embedder)
    assert draft.citations
    assert {*inner.read[before:]} <= {QUESTION, *QUESTION.split()}


def test_reading_ahead_stops_when_it_is_told() -> None:
    inner = Counting()
    read_ahead(make_release(texts=TEXTS), inner, lambda: True)
    assert inner.read == []
