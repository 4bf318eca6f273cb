"""The composition root: which implementation stands behind each port."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import replace
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from rag.adapters.embedding.weights import Prefixes, choose_model, fingerprint_of
from rag.answering.answerer import Answerer
from rag.answering.checking.judging import Checking
from rag.checkers import load_checking
from rag.errors import RagError, ReleaseBroken, StorageError
from rag.learning.calibration import calibrate, read_calibration
from rag.plumbline import Plumbline
from rag.ports import (
    ChatModel,
    CountingEmbedder,
    Embedder,
    LexicalIndexBuilder,
    VectorIndex,
    VectorIndexBuilder,
)
from rag.releases.embedders import Embedders, tell_precision
from rag.releases.folder import CALIBRATION, OpenRelease, probe
from rag.releases.live import LiveCorpora
from rag.releases.manifest import RELEASE_FORMAT, Manifest
from rag.releases.seals import damaged_files
from rag.retrieval.pipeline import SearchPipeline
from rag.retrieval.reranking import Reranking
from rag.settings import Settings
from rag.text.normalization import VERSION as TERMS_VERSION

if TYPE_CHECKING:
    from rag.adapters.indexes.chroma import ChromaIndex


log = logging.getLogger(__name__)

REMOTE_EMBEDDER = "openai:"
REPAIR = "run `python -m ingest rebuild --corpus NAME`"


def load_embedder(
    settings: Settings, name: str = "", *, is_shared: bool = False
) -> CountingEmbedder:
    """The embedder of that name, else the configured one; made for many threads if `is_shared`.

    Raises EmbedderError.
    """
    from rag.adapters.embedding.micro_batching import MicroBatchingEmbedder

    name = name or embedder_name(settings)
    if name.startswith(REMOTE_EMBEDDER):
        from rag.adapters.embedding_server.openai_embeddings import OpenAIEmbedder

        remote = OpenAIEmbedder(
            name.removeprefix(REMOTE_EMBEDDER),
            base_url=settings.embedder_base_url,
            api_key=settings.embedder_api_key.get_secret_value(),
            query_prefix=settings.embedder_query_prefix,
            document_prefix=settings.embedder_document_prefix,
        )
        return MicroBatchingEmbedder(remote) if is_shared else remote
    from rag.adapters.embedding.pair import load_embedder as load_local

    precision, prefixes = settings.embedder_precision, _prefixes(settings)
    if is_shared:
        return load_local(name, precision, prefixes, share=MicroBatchingEmbedder)
    return load_local(name, precision, prefixes)


def embedder_name(settings: Settings) -> str:
    """The embedder that is set, else the default one of this machine."""
    return settings.embedder or choose_model()[0]


def embedder_fingerprint(settings: Settings, name: str = "") -> str:
    """The fingerprint that `load_embedder` would have, without loading a model."""
    name = name or embedder_name(settings)
    if name.startswith(REMOTE_EMBEDDER):
        from rag.adapters.embedding_server import openai_embeddings

        return openai_embeddings.fingerprint_of(
            name.removeprefix(REMOTE_EMBEDDER),
            settings.embedder_base_url,
            settings.embedder_query_prefix,
            settings.embedder_document_prefix,
        )
    return fingerprint_of(name, settings.embedder_precision, _prefixes(settings))


def _prefixes(settings: Settings) -> Prefixes:
    return Prefixes(settings.embedder_query_prefix, settings.embedder_document_prefix)


def open_embedders(settings: Settings) -> Embedders:
    """The embedders of all releases, each loaded when its first release is opened."""

    def load(name: str) -> Embedder:
        embedder = load_embedder(settings, name, is_shared=True)
        if not name.startswith(REMOTE_EMBEDDER):  # a server may be away for now
            embedder.embed_queries(["warm up"])
        return embedder

    return Embedders(
        embedder_name(settings),
        fingerprint=lambda name: embedder_fingerprint(settings, name),
        load=load,
    )


def load_reranking(settings: Settings) -> Reranking | None:
    """The configured cross-encoder with its limits, None where there is none."""
    if not settings.reranker:
        return None
    from rag.adapters.cross_encoding.cross_encoder import CrossEncoderReranker

    reranker = CrossEncoderReranker(settings.reranker)
    return Reranking(reranker, settings.rerank_top, settings.rerank_budget_ms / 1000)


def load_chat_model(settings: Settings) -> ChatModel | None:
    """The configured chat model, None where answers are extractive. Raises SettingsError."""
    if not settings.chat_model:
        return None
    from rag.adapters.chat.langchain_chat import LangChainChatModel

    return LangChainChatModel(
        settings.chat_model,
        base_url=settings.chat_base_url,
        api_key=settings.chat_api_key.get_secret_value(),
        timeout_s=settings.chat_timeout_s,
        temperature=settings.chat_temperature,
    )


def index_engines() -> str:
    """The engines that write and read a release's indexes, with their versions."""
    names = [f"{name}-{version(name)}" for name in ("chromadb", "tantivy")]
    return " ".join([*names, f"terms-{TERMS_VERSION}", "vectors-2"])


def load_index_builders() -> tuple[VectorIndexBuilder, LexicalIndexBuilder]:
    """The writers of a release's vector index and lexical index."""
    from rag.adapters.indexes.chroma import ChromaIndexBuilder
    from rag.adapters.indexes.tantivy import TantivyIndexBuilder

    return ChromaIndexBuilder(), TantivyIndexBuilder()


def calibrate_release(folder: Path, embedder: Embedder) -> None:
    """Write what a release under way learns of its own confidence. Raises ReleaseBroken."""
    release = open_release_parts(folder, open_vectors=_open_all)
    try:
        learned = calibrate(release, embedder)
    finally:
        release.close()
    (folder / CALIBRATION).write_text(learned.to_json())


def open_release(folder: Path) -> OpenRelease:
    """Open a release folder whose files are all as they were sealed. Raises ReleaseBroken.

    Where only the vector index is damaged, the release's vectors themselves are searched.
    """
    damaged = damaged_files(folder)
    if damaged and all(name.startswith("chroma/") for name in damaged):
        return _open_exact(folder, f"{folder / damaged[0]} is damaged")
    if damaged:
        raise ReleaseBroken(f"{folder / damaged[0]} is damaged or missing: {REPAIR}")
    return open_release_parts(folder)


def open_probed_release(folder: Path) -> OpenRelease:
    """As `open_release`, after a process of its own has opened it and lived. Raises ReleaseBroken.

    Damage can make the loader of an index end the process that it runs in.
    """
    if not damaged_files(folder):
        try:
            probe(folder, thorough=False)
        except ReleaseBroken as error:
            return _open_exact(folder, str(error))
    return open_release(folder)


def _open_exact(folder: Path, reason: str) -> OpenRelease:
    release = open_release_parts(folder, open_vectors=_open_all)
    return replace(release, alarm=f"{reason}; its vectors are searched one by one: {REPAIR}")


def open_graph(folder: Path) -> "ChromaIndex":
    """The vector index of a release, by the names of its vectors. Raises StorageError."""
    from rag.adapters.indexes.chroma import ChromaIndex

    return ChromaIndex(folder / "chroma")


def _open_all(folder: Path, manifest: Manifest) -> VectorIndex:
    from rag.adapters.indexes.exact import ExactVectors

    return ExactVectors(folder)


def _open_as_told(folder: Path, manifest: Manifest) -> VectorIndex:
    """What the manifest says; all vectors where Chroma finds no place for its own files."""
    from rag.adapters.indexes.sharing import SharedVectors

    if manifest.search == "exact":
        return _open_all(folder, manifest)
    try:
        graph = open_graph(folder)
    except ReleaseBroken:
        raise
    except StorageError as error:
        log.warning("%s: %s; its vectors are searched one by one", folder, error)
        return _open_all(folder, manifest)
    is_shared = manifest.vectors > 0  # not so in releases made before vectors had names
    return SharedVectors(graph, folder / "documents.db") if is_shared else graph


def open_release_parts(
    folder: Path, *, open_vectors: Callable[[Path, Manifest], VectorIndex] = _open_as_told
) -> OpenRelease:
    """Open a release as it is, whatever its files may be like. Raises ReleaseBroken."""
    from rag.adapters.indexes.exact import ExactVectors
    from rag.adapters.indexes.tantivy import TantivyIndex
    from rag.adapters.stores.documents import SqliteDocumentStore

    try:
        manifest = Manifest.from_json((folder / "manifest.json").read_text())
    except (OSError, ValueError) as error:
        raise ReleaseBroken(f"the manifest of {folder} cannot be read: {error}") from error
    if manifest.format != RELEASE_FORMAT:
        raise ReleaseBroken(
            f"{folder} has release format {manifest.format}, not {RELEASE_FORMAT}: {REPAIR}"
        )
    documents = SqliteDocumentStore(folder / "documents.db")
    calibration = read_calibration(folder, manifest.embedder)
    return OpenRelease(
        manifest,
        open_vectors(folder, manifest),
        ExactVectors(folder),
        TantivyIndex(folder / "lexical", manifest.language, documents.words),
        documents,
        threshold=calibration.threshold,
        closeness=calibration.closeness,
    )


def open_plumbline(
    settings: Settings,
    *,
    open_release: Callable[[Path], OpenRelease] = open_release,
    chosen: Mapping[str, int] | None = None,
) -> Plumbline:
    """The question side, its models loaded and its live releases open, or those `chosen`.

    Raises RagError.
    """
    embedders = open_embedders(settings)

    def open_askable(folder: Path) -> OpenRelease:
        release = open_release(folder)
        try:
            embedder = embedders.open(release.manifest)
        except RagError:
            release.close()
            raise
        if note := tell_precision(release.manifest, embedder):
            log.warning("%s@%s: %s", release.manifest.corpus, release.manifest.release, note)
        return release

    corpora = LiveCorpora(settings.data, open_askable, chosen)
    corpora.refresh()
    chat_model = load_chat_model(settings)
    return compose_plumbline(
        corpora,
        embedders.open,
        settings,
        checking=load_checking(settings, chat_model),
        reranking=load_reranking(settings),
        chat_model=chat_model,
    )


def compose_plumbline(
    corpora: LiveCorpora,
    embedder_of: Callable[[Manifest], Embedder],
    settings: Settings,
    *,
    checking: Checking,
    reranking: Reranking | None = None,
    chat_model: ChatModel | None = None,
) -> Plumbline:
    """The question side over these releases and models."""
    pipeline = make_pipeline(embedder_of, settings, reranking)
    expansion, max_tokens = settings.expansion, settings.chat_max_tokens
    answerer = Answerer(
        pipeline,
        chat_model,
        checking,
        expansion=expansion,
        max_tokens=max_tokens,
        temperature=settings.chat_temperature,
    )
    return Plumbline(corpora, pipeline, answerer, checking)


def make_pipeline(
    embedder_of: Callable[[Manifest], Embedder],
    settings: Settings,
    reranking: Reranking | None = None,
) -> SearchPipeline:
    """What searches releases with these models."""
    return SearchPipeline(
        embedder_of,
        mode=settings.retriever,
        top_k=settings.top_k,
        context_characters=settings.context_characters,
        min_confidence=settings.min_confidence,
        reranking=reranking,
    )
