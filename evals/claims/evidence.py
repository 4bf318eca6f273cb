"""What a claim is held against: the passage around its quote, or what a search of it packs."""

from collections.abc import Callable, Sequence
from functools import cached_property

from evals.claims.labelled import LabelledClaim
from evals.samples.locating import Lost, Sources, find_quote
from rag.bootstrap import load_embedder, make_pipeline, open_release
from rag.domain import Span
from rag.errors import InvalidRegressionSet
from rag.ports import Embedder, Evidence
from rag.releases.folder import release_folder
from rag.releases.manifest import Manifest
from rag.retrieval.scope import Scope
from rag.settings import Settings

AROUND = 1000  # characters on each side of a quote; chosen: with its chunks about 2,000


class ClaimedCorpus:
    """The live release of a corpus that claims are about."""

    def __init__(self, settings: Settings, name: str) -> None:
        self._settings = settings
        self._release = open_release(release_folder(settings.data, name))
        documents = self._release.documents
        self._sources = Sources(documents.references(), documents.document)

    @cached_property
    def _embedder(self) -> Embedder:
        return load_embedder(self._settings, self._release.manifest.embedder_name)

    def around(self, claim: LabelledClaim) -> list[Evidence]:
        """The chunks about the quotes of a claim, without a quote what is found.

        Raises InvalidRegressionSet.
        """
        passages = [self._passage(each.source, each.quote) for each in claim.evidence]
        return passages or self.searched(claim)

    def _passage(self, source: str, quote: str) -> Evidence:
        document = self._sources.find(source)
        found = [] if isinstance(document, Lost) else find_quote(document.text, quote)
        if isinstance(document, Lost) or not found:
            raise InvalidRegressionSet(f"{source} does not hold {quote[:60]!r}")
        store = self._release.documents
        at = found[0]
        chunks = [
            chunk
            for chunk, _ in store.chunks(store.chunk_ids(document.id)).values()
            if chunk.span.end > at.start - AROUND and chunk.span.start < at.end + AROUND
        ]
        own = [chunk for chunk in chunks if chunk.span.start <= at.start < chunk.span.end]
        span = Span(min(c.span.start for c in chunks), max(c.span.end for c in chunks))
        heading = (own or chunks)[0].heading
        return Evidence(document.text[span.start : span.end], document.title, heading)

    def searched(self, claim: LabelledClaim) -> list[Evidence]:
        """The passages that a search of the claim packs."""
        pipeline = make_pipeline(self._open, self._settings)
        found = pipeline.search([claim.claim], self._release, Scope(), packs=True)
        return [Evidence(each.text, each.document.title, each.heading) for each in found.passages]

    def _open(self, manifest: Manifest) -> Embedder:
        return self._embedder


Gather = Callable[[ClaimedCorpus, LabelledClaim], Sequence[Evidence]]
GATHERERS: dict[str, Gather] = {
    "passage": ClaimedCorpus.around,
    "corpus": ClaimedCorpus.searched,
}
"""The ways in which evidence is gathered for a claim."""
