"""What extractive answers of a release will be made of, embedded before anybody asks for it."""

from collections.abc import Callable, Iterator

from rag.answering.extracting.candidates import WHOLE, ReadText
from rag.answering.extracting.quotable import read_units
from rag.answering.extracting.senses import list_texts
from rag.ports import Embedder
from rag.releases.folder import OpenRelease

AT_ONCE = 16  # chosen: a question waits some thirty milliseconds for such a pass
MOST_TEXTS = 24_000  # chosen: three quarters of what a shared embedder remembers


def read_ahead(release: OpenRelease, embedder: Embedder, is_stopped: Callable[[], bool]) -> int:
    """Embed words and units, a few at a time, until all are or the embedder's memory is full.

    Whoever calls decides by `is_stopped` how long to rest between two passes. Returns how many
    texts were embedded. Documents of over 60,000 characters are read when they are asked about.
    """
    known: set[str] = set()
    for texts in _passes(release, known):
        if is_stopped() or len(known) > MOST_TEXTS:
            break
        embedder.embed_documents(texts)
    return len(known)


def _passes(release: OpenRelease, known: set[str]) -> Iterator[list[str]]:
    for reference in release.documents.references():
        document = release.documents.document(reference.id)
        if len(document.text) > WHOLE:
            continue
        units = read_units(document.text, is_paged=bool(document.pages))
        source = ReadText(document, units)
        quotable = (unit for unit in units if unit.is_quotable)
        texts = dict.fromkeys(text for unit in quotable for text in list_texts(source.name, unit))
        new = sorted((text for text in texts if text not in known), key=len)  # less padding
        for first in range(0, len(new), AT_ONCE):
            known.update(new[first : first + AT_ONCE])
            yield new[first : first + AT_ONCE]
