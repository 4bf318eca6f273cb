"""Our retrieval inside a LangChain chain."""

from pathlib import Path

import pytest
from langchain_core.documents import Document
from langchain_core.language_models import FakeListChatModel
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnablePassthrough

from rag.errors import CorpusNotFound
from rag.langchain_retriever import PlumblineRetriever
from rag.releases.filters import parse_filters
from rag.retrieval.scope import Scope
from tests.small_corpus import TEXTS, make_plumbline

QUESTION = "How many passengers does the Heron carry?"


def test_a_chain_gets_chunks_with_their_exact_places(tmp_path: Path) -> None:
    retriever = PlumblineRetriever(make_plumbline(tmp_path), corpus="small", top_k=2)
    asked: list[str] = []

    def note(documents: list[Document]) -> str:
        asked.extend(document.page_content for document in documents)
        return "\n".join(asked)

    chain = (
        {"context": retriever | note, "question": RunnablePassthrough()}
        | ChatPromptTemplate.from_template("{context}\n\n{question}")
        | FakeListChatModel(responses=["120 passengers."])
        | StrOutputParser()
    )
    assert chain.invoke(QUESTION) == "120 passengers."
    assert "The Heron carries 120 passengers" in asked[0]
    for document in retriever.invoke(QUESTION):
        place = document.metadata
        text = TEXTS[place["source"]]
        assert text[place["start"] : place["end"]] == document.page_content
        assert (place["corpus"], place["release"]) == ("small", 1)


def test_a_scope_holds_in_a_chain_too(tmp_path: Path) -> None:
    scope = Scope(filters=parse_filters({"source": "dogs.md"}))
    retriever = PlumblineRetriever(make_plumbline(tmp_path), corpus="small", scope=scope)
    assert {d.metadata["source"] for d in retriever.invoke(QUESTION)} == {"dogs.md"}
    with pytest.raises(CorpusNotFound):
        PlumblineRetriever(make_plumbline(tmp_path), corpus="absent").invoke(QUESTION)
