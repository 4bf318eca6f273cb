"""The composition root: which implementation stands behind each port."""

from pathlib import Path
from typing import TYPE_CHECKING

from rag.domain import RELEASE_FORMAT, Manifest
from rag.errors import ReleaseBroken
from rag.ports import ChatModel, LexicalIndexBuilder, VectorIndexBuilder
from rag.releases import OpenRelease
from rag.settings import Settings

if TYPE_CHECKING:
    from rag.adapters.sentence_transformers import SentenceTransformersEmbedder
    from rag.plumbline import Plumbline


def load_embedder(settings: Settings) -> "SentenceTransformersEmbedder":
    """The configured embedder, loaded (seconds). Raises EmbedderError."""
    from rag.adapters.sentence_transformers import SentenceTransformersEmbedder

    return SentenceTransformersEmbedder(settings.embedder, precision=settings.embedder_precision)


def embedder_fingerprint(settings: Settings) -> str:
    """The fingerprint that `load_embedder` would have, without loading a model."""
    from rag.adapters.sentence_transformers import fingerprint_of

    return fingerprint_of(settings.embedder, settings.embedder_precision)


def load_chat_model(settings: Settings) -> ChatModel | None:
    """The configured chat model, None where answers are extractive. Raises SettingsError."""
    if not settings.chat_model:
        return None
    from rag.adapters.langchain_chat import LangChainChatModel

    return LangChainChatModel(
        settings.chat_model,
        base_url=settings.chat_base_url,
        api_key=settings.chat_api_key.get_secret_value(),
        timeout_s=settings.chat_timeout_s,
    )


def vector_index_builder() -> VectorIndexBuilder:
    """The writer of a release's vector index."""
    from rag.adapters.chroma import ChromaIndexBuilder

    return ChromaIndexBuilder()


def lexical_index_builder() -> LexicalIndexBuilder:
    """The writer of a release's lexical index."""
    from rag.adapters.tantivy import TantivyIndexBuilder

    return TantivyIndexBuilder()


def open_release(folder: Path) -> OpenRelease:
    """Open a release folder for reading. Raises ReleaseBroken."""
    from rag.adapters.chroma import ChromaIndex
    from rag.adapters.documents import SqliteDocumentStore
    from rag.adapters.tantivy import TantivyIndex

    try:
        manifest = Manifest.from_json((folder / "manifest.json").read_text())
    except (OSError, ValueError) as error:
        raise ReleaseBroken(f"the manifest of {folder} cannot be read: {error}") from error
    if manifest.format != RELEASE_FORMAT:
        raise ReleaseBroken(
            f"{folder} has release format {manifest.format}, this version reads {RELEASE_FORMAT}: "
            "ingest the corpus again"
        )
    return OpenRelease(
        manifest,
        ChromaIndex(folder / "chroma"),
        TantivyIndex(folder / "lexical", manifest.language),
        SqliteDocumentStore(folder / "documents.db"),
    )


def open_plumbline(settings: Settings) -> "Plumbline":
    """The question side, its models loaded and its live releases open. Raises RagError."""
    from rag.live import LiveCorpora
    from rag.plumbline import Plumbline, Policy

    corpora = LiveCorpora(settings.data, open_release)
    corpora.refresh()
    return Plumbline(
        corpora,
        load_embedder(settings),
        chat_model=load_chat_model(settings),
        policy=Policy(
            mode=settings.retriever,
            context_characters=settings.context_characters,
            min_confidence=settings.min_confidence,
            max_tokens=settings.chat_max_tokens,
        ),
    )
