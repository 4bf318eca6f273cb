"""A new corpus gets an embedder by its language, and keeps it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from ingest.corpus.setup import ChosenEmbedder, Setup
from ingest.runs.adding import add
from ingest.runs.outcomes import Report
from ingest.sources.scanning import scan
from rag.releases.manifest import Manifest
from tests.ingest.corpora import CountingEmbedder, SmallCorpus

ENGLISH = "The last ferry leaves the southern pier at ten, and whoever is late waits for morning.\n"
GERMAN = "Die letzte Fähre verlässt den Südanleger um zehn Uhr, und wer zu spät ist, wartet.\n"


class Named(CountingEmbedder):
    """An embedder of its own name and window."""

    def __init__(self, name: str, max_tokens: int) -> None:
        super().__init__()
        self.name = name
        self.fingerprint = f"{name}@1"
        self.max_tokens = max_tokens

    def chosen(self, reason: str) -> ChosenEmbedder:
        """Itself, before it is loaded."""
        is_english = self.name == "plain"
        return ChosenEmbedder(
            self.fingerprint, lambda: self, self.name, reason, is_english=is_english
        )


@pytest.fixture
def models() -> Mapping[str, Named]:
    """One for English, and one for all languages whose window is shorter."""
    return {"plain": Named("plain", 254), "many": Named("many", 12)}


@pytest.fixture
def corpus(tmp_path: Path) -> SmallCorpus:
    """A corpus without a source."""
    return SmallCorpus(tmp_path)


def live(corpus: SmallCorpus) -> Manifest:
    """What the live release says of itself."""
    manifest = corpus.folder.manifest(corpus.folder.live())
    assert manifest is not None
    return manifest


def bring_in(corpus: SmallCorpus, models: Mapping[str, Named], *, start: str = "") -> Report:
    """Add the folder as the command does with nothing set, to `start` with the kept embedder."""

    def choose(language: str) -> ChosenEmbedder:
        if language == "english":
            return models["plain"].chosen("the default")
        return models["many"].chosen("for the texts are foreign")

    kept = models[start].chosen(live(corpus).embedder_reason) if start else choose("english")
    setup: Setup = replace(corpus.setup(), embedder=kept, embedder_for=choose)
    return add(corpus.folder, scan([str(corpus.sources)]), setup)


def test_texts_in_english_are_embedded_by_the_default(
    corpus: SmallCorpus, models: Mapping[str, Named]
) -> None:
    corpus.write("a.md", ENGLISH)
    report = bring_in(corpus, models)
    assert report.embedder == "plain, the default"
    assert (live(corpus).embedder, live(corpus).embedder_name) == ("plain@1", "plain")
    assert (live(corpus).language, live(corpus).embedder_reason) == ("english", "the default")


def test_texts_in_another_language_are_cut_for_and_embedded_by_the_other_model(
    corpus: SmallCorpus, models: Mapping[str, Named]
) -> None:
    corpus.write("a.md", GERMAN * 3)
    report = bring_in(corpus, models)
    assert report.embedder == "many, for the texts are foreign"
    assert (live(corpus).embedder, live(corpus).language) == ("many@1", "german")
    assert live(corpus).embedder_reason == "for the texts are foreign"
    assert models["plain"].embedded == []
    counted = models["many"].count_tokens(models["many"].embedded)
    assert len(counted) > 1
    assert max(counted) <= models["many"].max_tokens


def test_a_corpus_keeps_its_embedder_and_says_what_new_texts_would_want(
    corpus: SmallCorpus, models: Mapping[str, Named]
) -> None:
    corpus.write("a.md", ENGLISH)
    bring_in(corpus, models)
    corpus.write("b.md", GERMAN)
    report = bring_in(corpus, models, start="plain")
    assert report.embedder == (
        "plain, made for English, which most new texts are not in: to have all embedded by a model "
        "of many languages, run `RAG_EMBEDDER=many python -m ingest rebuild --corpus small`"
    )
    assert (live(corpus).embedder_name, live(corpus).embedder_reason) == ("plain", "the default")
    assert bring_in(corpus, models, start="plain").embedder == ""


def test_a_model_of_many_languages_is_kept_for_english_without_a_word(
    corpus: SmallCorpus, models: Mapping[str, Named]
) -> None:
    corpus.write("a.md", GERMAN)
    bring_in(corpus, models)
    corpus.write("b.md", ENGLISH * 9)
    assert bring_in(corpus, models, start="many").embedder == ""
    assert live(corpus).embedder_name == "many"


def test_an_embedder_that_is_set_is_taken_for_every_language(
    corpus: SmallCorpus, models: Mapping[str, Named]
) -> None:
    corpus.write("a.md", GERMAN)
    chosen = models["plain"].chosen("set by RAG_EMBEDDER")
    sources = scan([str(corpus.sources)])
    report = add(corpus.folder, sources, replace(corpus.setup(), embedder=chosen))
    assert report.embedder == "plain, set by RAG_EMBEDDER"
    corpus.write("b.md", GERMAN * 2)
    sources = scan([str(corpus.sources)])
    again = add(corpus.folder, sources, replace(corpus.setup(), embedder=chosen))
    assert (again.embedder, live(corpus).embedder_name) == ("", "plain")


def test_a_corpus_without_texts_has_no_embedder_yet(
    corpus: SmallCorpus, models: Mapping[str, Named]
) -> None:
    corpus.write("a.md", " \n")
    assert bring_in(corpus, models).embedder == ""
    corpus.write("b.md", GERMAN)
    assert bring_in(corpus, models).embedder == "many, for the texts are foreign"
