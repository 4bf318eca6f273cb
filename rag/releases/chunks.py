"""Chunks in order, as both sides read them: each with the texts beside it."""

from collections.abc import Iterable, Iterator
from itertools import chain

from rag.domain import Chunk
from rag.ports import LexicalEntry


def lexical_entries(chunks: Iterable[Chunk]) -> Iterator[LexicalEntry]:
    """What the lexical index holds of chunks given in order of document and place."""
    before: Chunk | None = None
    chunk: Chunk | None = None
    for after in chain(chunks, (None,)):
        if chunk is not None:
            beside = [other for other in (before, after) if _is_beside(other, chunk)]
            texts = "\n".join(other.embedded_text for other in beside if other)
            yield LexicalEntry(chunk.id, chunk.document_id, chunk.embedded_text, texts)
        before, chunk = chunk, after


def _is_beside(other: Chunk | None, chunk: Chunk) -> bool:
    return other is not None and other.document_id == chunk.document_id
