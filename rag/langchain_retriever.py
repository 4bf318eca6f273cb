"""Plumbline's retrieval as a LangChain retriever, for chains of others."""

from typing import Any

from langchain_core.callbacks import CallbackManagerForRetrieverRun
from langchain_core.documents import Document
from langchain_core.retrievers import BaseRetriever

from rag.domain import Hit, SearchResult
from rag.plumbline import Plumbline
from rag.retrieval.scope import Scope


class PlumblineRetriever(BaseRetriever):
    """Searches one corpus; each document is a chunk, its metadata says where exactly it stands.

    `scope` says who reads, which filters hold and how it is searched. Raises what
    `Plumbline.search` raises.
    """

    plumbline: Any  # pydantic cannot check a class of ours
    corpus: str
    top_k: int = 10
    scope: Scope = Scope()

    def __init__(self, plumbline: Plumbline, **fields: Any) -> None:  # pydantic checks the fields
        super().__init__(plumbline=plumbline, **fields)

    def _get_relevant_documents(
        self, query: str, *, run_manager: CallbackManagerForRetrieverRun
    ) -> list[Document]:
        result: SearchResult = self.plumbline.search(
            query, corpus=self.corpus, top_k=self.top_k, scope=self.scope
        )
        return [_to_document(hit, result) for hit in result.hits]


def _to_document(hit: Hit, result: SearchResult) -> Document:
    return Document(
        id=hit.chunk.id,
        page_content=hit.chunk.text,
        metadata={
            "source": hit.document.source,
            "title": hit.document.title,
            "document": hit.document.id,
            "version": hit.document.version,
            "corpus": result.corpus,
            "release": result.release,
            "start": hit.chunk.span.start,
            "end": hit.chunk.span.end,
            "page": hit.chunk.page,
            "heading": list(hit.chunk.heading),
            "score": hit.score,
            "confidence": result.confidence,
        },
    )
