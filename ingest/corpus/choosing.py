"""What to tell of the embedder of a corpus: why it has it, and when another one would do better."""

from collections.abc import Sequence

from ingest.corpus.history import document_id
from ingest.corpus.setup import OpenCorpus
from ingest.text.languages import DEFAULT, detect_language


def tell_embedder(corpus: OpenCorpus, changed: Sequence[str]) -> str:
    """Which embedder a corpus now has and why, where that is new; and what else there is to know.

    `changed` are the URIs of the sources that are new or changed.
    """
    manifest, embedder = corpus.folder.manifest(corpus.folder.serving()), corpus.setup.embedder
    if not (corpus.ledger.count_chunks() and embedder.name):
        return ""
    is_kept = manifest is not None and manifest.embedder_name == embedder.name
    told = "" if is_kept else f"{embedder.name}, {embedder.reason}"
    return "; ".join(filter(None, (told, _compare_language(corpus, changed))))


def _compare_language(corpus: OpenCorpus, changed: Sequence[str]) -> str:
    """What to do about new texts that the embedder of the corpus does not know the language of."""
    embedder = corpus.setup.embedder
    if not (embedder.advised and changed):
        return ""
    ids = (document_id(corpus.folder.name, uri) for uri in changed)
    if detect_language(corpus.ledger.document(id_).document.text for id_ in ids) == DEFAULT:
        return ""
    return (
        f"{embedder.name} was made for English, which most new texts are not in: to have all "
        "embedded by a model of many languages as well, run "
        f"`RAG_EMBEDDER={embedder.advised} python -m ingest rebuild --corpus {corpus.folder.name}`"
    )
