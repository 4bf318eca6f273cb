"""The question side as one object: search, answer, read documents, over live releases."""

from collections.abc import AsyncGenerator, Callable, Iterator, Sequence
from contextlib import contextmanager

from rag.answering.answerer import Answerer
from rag.answering.checking.given import CheckedText, GivenPassage
from rag.answering.checking.judging import Checking
from rag.answering.checking.texts import (
    check_against_corpus,
    check_against_passages,
    find_evidence,
)
from rag.answering.followups import Standalone
from rag.answering.reading_ahead import read_ahead
from rag.answering.turn import Turn
from rag.domain import (
    AS_SET,
    Answer,
    AnswerDelta,
    Document,
    DocumentRef,
    Message,
    SearchResult,
    Writing,
)
from rag.errors import RagError
from rag.releases.embedders import tell_precision
from rag.releases.folder import OpenRelease, corpus_not_found
from rag.releases.live import LiveCorpora
from rag.releases.manifest import Manifest
from rag.releases.threads import finish_in_thread
from rag.retrieval.explaining import Explanation, explain, find_document
from rag.retrieval.pipeline import SearchPipeline
from rag.retrieval.question import check_question
from rag.retrieval.scope import Scope

EVERYTHING_PUBLIC = Scope()


class Plumbline:
    """Thread-safe; a request sees one release from its beginning to its end."""

    def __init__(
        self,
        corpora: LiveCorpora,
        pipeline: SearchPipeline,
        answerer: Answerer,
        checking: Checking,
    ) -> None:
        self._corpora = corpora
        self._checking = checking
        self._pipeline = pipeline
        self._answerer = answerer

    def corpora(self, *, scope: Scope = EVERYTHING_PUBLIC) -> list[Manifest]:
        """Manifests of the live releases, sorted by corpus, counting what may be read."""
        return [self._readable(each.corpus, scope) for each in self._corpora.manifests()]

    def corpus(self, name: str, *, scope: Scope = EVERYTHING_PUBLIC) -> Manifest:
        """As `corpora`, of one of them. Raises CorpusNotFound."""
        if name not in {manifest.corpus for manifest in self._corpora.manifests()}:
            raise corpus_not_found(name)
        return self._readable(name, scope)

    def _readable(self, name: str, scope: Scope) -> Manifest:
        with self._open(name, scope) as release:
            return release.readable

    def precision_note(self, manifest: Manifest) -> str:
        """What to know where questions are embedded otherwise than a release was; else nothing."""
        return tell_precision(manifest, self._pipeline.embedder_of(manifest))

    def search(
        self,
        query: str,
        *,
        corpus: str,
        top_k: int | None = None,
        scope: Scope = EVERYTHING_PUBLIC,
    ) -> SearchResult:
        """The `top_k` best hits, as many as the settings say if None, without any chat model.

        Raises InvalidQuestion, InvalidFilter, CorpusNotFound, ReleaseNotFound.
        """
        question = check_question(query)
        with self._open(corpus, scope) as release:
            return self._pipeline.search([question], release, scope, top_k=top_k)

    @contextmanager
    def _open(self, corpus: str, scope: Scope) -> Iterator[OpenRelease]:
        """A release in which there is nothing but what the request may read."""
        with self._corpora.hold(corpus, scope.release) as held:
            yield held.as_read_by(scope.readers)

    async def answer(
        self,
        conversation: Sequence[Message],
        *,
        corpus: str,
        writing: Writing = AS_SET,
        top_k: int | None = None,
        scope: Scope = EVERYTHING_PUBLIC,
    ) -> AsyncGenerator[AnswerDelta | Answer, None]:
        """Deltas of the text, then exactly one Answer, whose search has at least `top_k` hits.

        Raises what `search` raises before the first item, ChatModelTruncated when the model's
        stream breaks off. A model that is not there at all gives an extractive answer, marked
        degraded.
        """
        with self._open(corpus, scope) as release:
            answered = self._answerer.answer(
                conversation, release, scope, writing=writing, top_k=top_k
            )
            async for item in answered:
                yield item

    async def explain(
        self,
        conversation: Sequence[Message],
        *,
        corpus: str,
        document: str | None = None,
        top_k: int | None = None,
        scope: Scope = EVERYTHING_PUBLIC,
    ) -> tuple[Standalone, Explanation]:
        """The question as an answer would search for it, and what each stage made of it.

        `document` is an id or a source whose way is followed. Raises what `search` raises, and
        DocumentNotFound.
        """
        with self._open(corpus, scope) as release:
            wanted = None
            if document is not None:
                wanted = await finish_in_thread(find_document, release, document)
            shown = top_k or self._pipeline.top_k
            turn = await self._answerer.search(conversation, release, scope, top_k=shown)
            found = await finish_in_thread(self._explain, turn, shown, wanted)
        return turn.standalone, found

    def _explain(self, turn: Turn, top_k: int, document: Document | None) -> Explanation:
        query = self._pipeline.query(turn.search.query, turn.release, turn.scope)
        return explain(turn.search, query, top_k=top_k, document=document)

    async def check(
        self,
        text: str,
        *,
        corpus: str = "",
        passages: Sequence[GivenPassage] = (),
        question: str = "",
        scope: Scope = EVERYTHING_PUBLIC,
    ) -> CheckedText:
        """Each sentence of any text held against a corpus, or against `passages` if there are any.

        Marks in the text may name the passages by id or number. Raises InvalidText,
        InvalidPassages, and for a corpus what `search` raises.
        """
        if passages or not corpus:
            return await check_against_passages(text, passages, self._checking, question=question)
        with self._open(corpus, scope) as release:
            found = await finish_in_thread(
                find_evidence, text, self._pipeline, release, scope, question=question
            )
            return await check_against_corpus(
                text, found, release, self._checking, question=question
            )

    def document(
        self, document_id: str, *, corpus: str, scope: Scope = EVERYTHING_PUBLIC
    ) -> Document:
        """A whole document. Raises DocumentNotFound, CorpusNotFound, ReleaseNotFound."""
        with self._open(corpus, scope) as release:
            return release.documents.document(document_id)

    def documents(self, corpus: str, *, scope: Scope = EVERYTHING_PUBLIC) -> list[DocumentRef]:
        """The documents that may be read, in order of their source. Raises CorpusNotFound."""
        with self._open(corpus, scope) as release:
            return release.documents.references()

    def read_ahead(self, corpus: str, is_stopped: Callable[[], bool]) -> int:
        """Embed what extractive answers of a corpus will be made of; see `reading_ahead`."""
        with self._corpora.hold(corpus) as release:
            embedder = self._pipeline.embedder_of(release.manifest)
            return read_ahead(release, embedder, is_stopped)

    def refresh(self) -> dict[str, RagError]:
        """Open what was published since and swap it in; what failed, by the name of its corpus."""
        return self._corpora.refresh()

    def problem(self, corpus: str) -> RagError | None:
        """What keeps the live release of a corpus from serving as it should."""
        return self._corpora.problem(corpus)

    def close(self) -> None:
        """Close every release when its last request has ended."""
        self._corpora.close()
