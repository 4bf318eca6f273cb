"""Which embedder a corpus gets by the language of its texts, and what to know of one it keeps."""

from collections.abc import Sequence
from dataclasses import replace

from ingest.corpus.history import document_id
from ingest.corpus.setup import OpenCorpus
from ingest.text.languages import DEFAULT, detect_language


def choose_embedder(corpus: OpenCorpus, changed: Sequence[str]) -> str:
    """Choose the embedder of a corpus without a release; what there is to know of it, or nothing.

    A corpus keeps the embedder of its releases, whatever the language of the sources that have
    `changed`, which are given by their URIs.
    """
    manifest, setup = corpus.folder.manifest(corpus.folder.serving()), corpus.setup
    if not corpus.ledger.count_chunks():
        return ""
    if manifest is None and setup.embedder_for:
        texts = (text for _, text in corpus.ledger.texts())
        language = setup.language or detect_language(texts)
        corpus.setup = replace(setup, language=language)
        corpus.take_embedder(setup.embedder_for(language))
    embedder = corpus.setup.embedder
    if manifest and manifest.embedder_name == embedder.name:
        return _compare_language(corpus, changed)
    return f"{embedder.name}, {embedder.reason}" if embedder.name else ""


def _compare_language(corpus: OpenCorpus, changed: Sequence[str]) -> str:
    """What to do about new texts that the embedder of the corpus does not know the language of."""
    setup = corpus.setup
    if not (setup.embedder.is_english and setup.embedder_for):
        return ""
    ids = (document_id(corpus.folder.name, uri) for uri in changed)
    language = detect_language(corpus.ledger.document(id_).document.text for id_ in ids)
    other = setup.embedder_for(language).name
    if language == DEFAULT or other == setup.embedder.name:
        return ""
    return (
        f"{setup.embedder.name}, made for English, which most new texts are not in: to have all "
        f"embedded by a model of many languages, run `RAG_EMBEDDER={other} python -m ingest "
        f"rebuild --corpus {corpus.folder.name}`"
    )
