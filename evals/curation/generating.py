"""What a chat model is asked to draft questions about, and its questions as drafts of samples."""

import random
from collections.abc import Sequence
from itertools import zip_longest

from evals.curation.drafts import Draft
from evals.samples.sample import Evidence
from rag.domain import Chunk, DocumentRef, Message, Span
from rag.ports import Evidence as Passage
from rag.releases.folder import ReleaseDocuments
from rag.support.alignment import AlignedEvidence

FEWEST_CHARACTERS = 200  # chosen: what is shorter is a heading with a line or two
Source = tuple[Chunk, DocumentRef]


def choose_chunks(documents: ReleaseDocuments, most: int, seed: int) -> list[Source]:
    """At most so many chunks, of as many documents as possible, the same for the same seed."""
    choice = random.Random(seed)
    of_each = []
    for document in documents.references():
        found = documents.chunks(documents.chunk_ids(document.id)).values()
        long = [each for each in found if len(each[0].text) >= FEWEST_CHARACTERS]
        of_each.append(choice.sample(long, len(long)))
    choice.shuffle(of_each)
    in_turn = (each for turn in zip_longest(*of_each) for each in turn if each)
    return list(in_turn)[:most]


def make_draft(question: str, answer: str, sources: Sequence[Source], chat_model: str) -> Draft:
    """A draft whose evidence are the sentences of each chunk that carry the answer best."""
    return Draft(
        (Message("user", question),),
        reference=answer,
        evidence=tuple(_find_evidence(answer, *source) for source in sources),
        tags=("generated",),
        origin={"by": "ragas", "chat_model": chat_model},
    )


def _find_evidence(answer: str, chunk: Chunk, document: DocumentRef) -> Evidence:
    quote = AlignedEvidence([Passage(chunk.text)]).best_quote(answer, 0)
    at = chunk.span.start
    text = chunk.text[quote.start : quote.end]
    return Evidence(document.source, text, Span(at + quote.start, at + quote.end))
