"""What a run tells of the embedder of a corpus: why it has it, and when another would do better."""

from dataclasses import replace
from pathlib import Path

import pytest

from ingest.corpus.setup import ChosenEmbedder
from ingest.runs.adding import add
from ingest.runs.outcomes import Report
from ingest.sources.scanning import scan
from tests.ingest.corpora import SmallCorpus

ENGLISH = "The last ferry leaves the southern pier at ten, and whoever is late waits for morning.\n"
GERMAN = "Die letzte Fähre verlässt den Südanleger um zehn Uhr, und wer zu spät ist, wartet.\n"
ADVICE = (
    "plain was made for English, which most new texts are not in: to have all embedded by a model "
    "of many languages as well, run `RAG_EMBEDDER=many python -m ingest rebuild --corpus small`"
)


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """A corpus without a source."""
    return SmallCorpus(tmp_path)


def bring_in(corpus: SmallCorpus, *, advised: str = "") -> Report:
    """Add the folder with an embedder called `plain`."""
    setup = corpus.setup()
    plain = ChosenEmbedder(
        setup.embedder.fingerprint, setup.embedder.load, "plain", "the default", advised
    )
    return add(corpus.folder, scan([str(corpus.sources)]), replace(setup, embedder=plain))


def test_the_first_run_tells_the_embedder_with_its_reason(corpus: SmallCorpus) -> None:
    corpus.write("a.md", ENGLISH)
    assert bring_in(corpus, advised="many").embedder == "plain, the default"
    manifest = corpus.folder.manifest(corpus.folder.live())
    assert manifest is not None
    assert (manifest.embedder_name, manifest.embedder_reason) == ("plain", "the default")
    corpus.write("b.md", ENGLISH * 2)
    assert bring_in(corpus, advised="many").embedder == ""


def test_texts_in_another_language_than_the_embedders_bring_advice(corpus: SmallCorpus) -> None:
    corpus.write("a.md", GERMAN)
    assert bring_in(corpus, advised="many").embedder == f"plain, the default; {ADVICE}"
    assert bring_in(corpus, advised="many").embedder == ""


def test_a_corpus_that_changes_its_language_brings_advice(corpus: SmallCorpus) -> None:
    corpus.write("a.md", ENGLISH)
    bring_in(corpus, advised="many")
    corpus.write("b.md", GERMAN)
    assert bring_in(corpus, advised="many").embedder == ADVICE


def test_an_embedder_that_is_set_or_reads_all_languages_brings_none(corpus: SmallCorpus) -> None:
    corpus.write("a.md", GERMAN)
    assert bring_in(corpus).embedder == "plain, the default"
    corpus.write("b.md", GERMAN * 2)
    assert bring_in(corpus).embedder == ""


def test_a_corpus_without_texts_has_no_embedder_yet(corpus: SmallCorpus) -> None:
    corpus.write("a.md", " \n")
    assert bring_in(corpus, advised="many").embedder == ""
