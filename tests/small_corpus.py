"""A small corpus held in memory, with real retrieval over the in-memory ports."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from rag.adapters.memory.release import HashingEmbedder, memory_release
from rag.adapters.memory.word_checker import WordChecker
from rag.answering.checking.judging import Checking
from rag.answering.followups import Standalone
from rag.answering.turn import Turn
from rag.bootstrap import compose_plumbline, make_pipeline
from rag.domain import PUBLIC, Chunk, Document, Message, MetadataValue, SearchResult, Span
from rag.plumbline import Plumbline
from rag.ports import ChatModel, Embedder
from rag.releases.folder import OpenRelease
from rag.releases.live import LiveCorpora
from rag.retrieval.reranking import Reranking
from rag.retrieval.scope import Scope
from rag.settings import load_settings
from rag.text.sentences import split_sentences

TEXTS = {
    "leave.md": "Parental leave is 26 weeks at full pay. It must be requested 8 weeks before the "
    "birth.\n\nSick leave needs a certificate from the fourth day.",
    "boats.md": "The Heron carries 120 passengers and 18 cars. The Tern carries 60 passengers.\n\n"
    "Both boats were built in Skarvik in 2011.",
    "dogs.md": "Dogs travel free of charge on every boat. Dogs must not enter the saloon.",
}


About = tuple[dict[str, MetadataValue], tuple[str, ...]]
"""Metadata of a document, and who may read it."""


def make_documents(
    texts: dict[str, str], about: Mapping[str, About] | None = None
) -> tuple[list[Document], list[Chunk]]:
    """One document a text, one chunk a paragraph; what `about` leaves out is public."""
    documents, chunks = [], []
    for source, text in sorted(texts.items()):
        id_ = source.replace(".", "-")
        metadata, access = (about or {}).get(source, ({}, (PUBLIC,)))
        version = f"v-{len(text)}"
        documents.append(
            Document(id_, version, source, source, text, "text/markdown", (), metadata, access)
        )
        at = 0
        for place, paragraph in enumerate(text.split("\n\n")):
            span = Span(at, at + len(paragraph))
            chunks.append(Chunk(f"{id_}-{place}", id_, span, paragraph))
            at += len(paragraph) + 2
    return documents, chunks


def make_release(
    number: int = 1,
    texts: dict[str, str] | None = None,
    about: Mapping[str, About] | None = None,
) -> OpenRelease:
    """The small corpus as release `number`."""
    documents, chunks = make_documents(texts or TEXTS, about)
    return memory_release(
        "small", number, documents=documents, chunks=chunks, embedder=HashingEmbedder()
    )


def make_data_folder(data: Path, *, live: int, releases: Sequence[int] = (1,)) -> None:
    """The folders that say which release of `small` is live; their content is the opener's."""
    for number in {*releases, live}:
        folder = data / "corpora" / "small" / "releases" / f"{number:06d}"
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "manifest.json").write_text("{}")
    (data / "corpora" / "small" / "LIVE").write_text(f"{live}\n")


def make_plumbline(
    data: Path,
    *,
    chat_model: ChatModel | None = None,
    reranking: Reranking | None = None,
    about: Mapping[str, About] | None = None,
    texts: dict[str, str] | None = None,
    checking: Checking | None = None,
    **settings: Any,
) -> Plumbline:
    """The question side over the small corpus; `settings` may be ones that are refused."""
    make_data_folder(data, live=1)
    corpora = LiveCorpora(data, lambda folder: make_release(int(folder.name), texts, about))
    corpora.refresh()
    settings = {"min_confidence": 0.3} | settings
    return compose(
        corpora, chat_model=chat_model, reranking=reranking, checking=checking, **settings
    )


def compose(
    corpora: LiveCorpora,
    *,
    chat_model: ChatModel | None = None,
    reranking: Reranking | None = None,
    checking: Checking | None = None,
    **settings: Any,
) -> Plumbline:
    """The question side over these releases."""
    chosen = load_settings({}).model_copy(update=settings)
    return compose_plumbline(
        corpora,
        lambda _: HashingEmbedder(),
        chosen,
        checking=checking or Checking(WordChecker(), withholds=chosen.unsupported == "withhold"),
        reranking=reranking,
        chat_model=chat_model,
    )


def search(
    text: str,
    release: OpenRelease,
    mode: str = "hybrid",
    *,
    top_k: int = 10,
    embedder: Embedder | None = None,
    reranking: Reranking | None = None,
) -> SearchResult:
    """A search of an open release with its passages, for whoever may read everything in it."""
    embedder = embedder or HashingEmbedder()
    pipeline = make_pipeline(lambda _: embedder, load_settings({}), reranking)
    return pipeline.search([text], release, Scope(mode=mode), top_k=top_k, packs=True)


def make_turn(release: OpenRelease, found: SearchResult, question: str | None = None) -> Turn:
    """A first question with what was found for it."""
    question = question or found.query
    asked = [Message("user", question)]
    found = replace(found, query=question)
    standalone = Standalone(question, question, "user")
    return Turn(asked, standalone, "", release, Scope(), found, max_tokens=1024)


def sentences_of(text: str) -> list[str]:
    """The sentences of a text as strings."""
    return [text[span.start : span.end] for span in split_sentences(text)]
