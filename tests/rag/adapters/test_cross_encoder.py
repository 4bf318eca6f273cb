"""The reranker: scores of the model that the library defines, within a time budget, offline."""

import importlib
import json
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from rag.adapters.cross_encoding.cross_encoder import CrossEncoderReranker
from rag.errors import EmbedderError

pytestmark = pytest.mark.slow

SENTENCE = "the ferry heron carries cars dogs travel free at ten what does it cost boat"
WORDS = SENTENCE.split()
WINDOW = 64
QUESTION = "what does the ferry cost"
TEXTS = [" ".join(WORDS[start : start + 2 + start % 5]) for start in range(14)]


def libraries() -> tuple[Any, Any]:
    """torch and transformers, which take seconds to load and which no other test file needs."""
    return importlib.import_module("torch"), importlib.import_module("transformers")


def make_model(folder: Path, kind: str = "BertForSequenceClassification", labels: int = 1) -> Path:
    """A small BERT of random weights that differ enough to tell texts apart."""
    torch, transformers = libraries()
    folder.mkdir(parents=True, exist_ok=True)
    vocabulary = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *WORDS]
    (folder / "vocab.txt").write_text("\n".join(vocabulary))
    torch.manual_seed(5)
    config = transformers.BertConfig(
        vocab_size=len(vocabulary),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=4,
        intermediate_size=48,
        max_position_embeddings=WINDOW,
        initializer_range=0.4,
        num_labels=labels,
    )
    getattr(transformers, kind)(config).save_pretrained(folder)
    tokenizer = transformers.BertTokenizerFast(str(folder / "vocab.txt"))
    tokenizer.save_pretrained(folder)
    return folder


@pytest.fixture(scope="module", autouse=True)
def _one_thread() -> Iterator[None]:
    """So small a model gains nothing from several, and loses much where they wait for a core."""
    torch, _ = libraries()
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_model(tmp_path_factory.mktemp("models") / "small-reranker")


@pytest.fixture(scope="module")
def reranker(folder: Path) -> CrossEncoderReranker:
    return CrossEncoderReranker(str(folder))


def expected_scores(folder: Path, texts: list[str]) -> Iterator[float]:
    """The sigmoid of what transformers computes for each pair alone."""
    torch, transformers = libraries()
    bert = transformers.BertForSequenceClassification.from_pretrained(folder)
    tokenizer = transformers.AutoTokenizer.from_pretrained(folder)
    options = {"truncation": True, "max_length": WINDOW, "return_tensors": "pt"}
    for text in texts:
        pair = tokenizer([QUESTION], [text], **options)
        with torch.inference_mode():
            yield float(torch.sigmoid(bert(**pair).logits[0, 0]))


def test_scores_are_those_of_the_model_in_the_order_given(
    folder: Path, reranker: CrossEncoderReranker
) -> None:
    texts = [*TEXTS, "", "heron " * 500]
    scores = reranker.score(QUESTION, texts, budget_s=60)
    assert scores == pytest.approx(list(expected_scores(folder, texts)), abs=1e-5)
    assert all(0 <= score <= 1 for score in scores)
    assert len({round(score, 3) for score in scores}) > 10


def test_the_same_texts_have_the_same_scores(reranker: CrossEncoderReranker) -> None:
    first, second = (reranker.score(QUESTION, TEXTS, budget_s=60) for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("budget_s", "scored"), [(0.0, 4), (-1.0, 4), (1.0, 4), (1.5, 8), (2.5, 12), (99.0, 14)]
)
def test_no_batch_is_begun_when_the_time_is_over(
    folder: Path, reranker: CrossEncoderReranker, budget_s: float, scored: int
) -> None:
    ticks = count()  # each look at the clock is a second later
    timed = CrossEncoderReranker(str(folder), clock=lambda: float(next(ticks)))
    scores = timed.score(QUESTION, TEXTS, budget_s=budget_s)
    assert scores == reranker.score(QUESTION, TEXTS, budget_s=60)[:scored]


def test_nothing_to_read_gives_no_scores(reranker: CrossEncoderReranker) -> None:
    assert reranker.score(QUESTION, [], budget_s=1) == []


def test_threads_get_the_scores_of_their_own_texts(reranker: CrossEncoderReranker) -> None:
    asked = [TEXTS[start : start + 6] for start in range(8)]
    alone = [reranker.score(QUESTION, texts, budget_s=60) for texts in asked]
    with ThreadPoolExecutor(8) as pool:
        together = pool.map(lambda texts: reranker.score(QUESTION, texts, budget_s=60), asked)
        assert list(together) == alone


def test_text_that_is_no_unicode_is_read_as_question_marks(reranker: CrossEncoderReranker) -> None:
    broken, clean = (reranker.score(QUESTION, [text], budget_s=1) for text in ("a\ud800", "a?"))
    assert broken == clean


def test_the_name_tells_other_weights_apart(folder: Path, tmp_path: Path) -> None:
    name = CrossEncoderReranker(str(folder)).name
    assert name.startswith("small-reranker@")
    assert len(name) == len("small-reranker@") + 12
    other = make_model(tmp_path / "small-reranker")
    torch, transformers = libraries()
    weights = transformers.BertForSequenceClassification.from_pretrained(other)
    torch.nn.init.ones_(weights.classifier.bias)
    weights.save_pretrained(other)
    assert CrossEncoderReranker(str(other)).name != name


@pytest.mark.parametrize("name", ["/nowhere/model", "nobody/never-downloaded", "no such name!"])
def test_a_model_that_is_not_there_is_one_clear_error(name: str) -> None:
    with pytest.raises(EmbedderError, match="set RAG_RERANKER to the folder"):
        CrossEncoderReranker(name)


@pytest.mark.parametrize(
    ("kind", "labels", "reason"),
    [("BertModel", 1, "no classification head"), ("BertForSequenceClassification", 3, "3 numbers")],
)
def test_what_is_no_cross_encoder_with_one_output_is_refused(
    tmp_path: Path, kind: str, labels: int, reason: str
) -> None:
    with pytest.raises(EmbedderError, match=reason):
        CrossEncoderReranker(str(make_model(tmp_path, kind, labels)))


def test_an_empty_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(EmbedderError, match="no cross-encoder"):
        CrossEncoderReranker(str(tmp_path))


@pytest.mark.parametrize(
    ("file", "content"),
    [
        ("modules.json", [{"idx": 0, "name": "0", "path": "", "type": "own.Module"}]),
        ("modules.json", {"type": "own.Module"}),
        (
            "config.json",
            {
                "architectures": ["OwnForSequenceClassification"],
                "model_type": "own",
                "auto_map": {"AutoConfig": "own.Config"},
            },
        ),
    ],
    ids=["module", "no list", "configuration"],
)
def test_code_beside_a_model_is_not_run(tmp_path: Path, file: str, content: object) -> None:
    folder = make_model(tmp_path)
    (folder / "own.py").write_text("raise SystemExit('this has run')")
    (folder / file).write_text(json.dumps(content))
    with pytest.raises(EmbedderError, match=r"code of its own|contains custom code"):
        CrossEncoderReranker(str(folder))


@pytest.mark.parametrize("file", ["model.safetensors", "config.json", "tokenizer.json"])
def test_a_damaged_model_is_one_clear_error(tmp_path: Path, file: str) -> None:
    damaged = make_model(tmp_path) / file
    damaged.write_bytes(damaged.read_bytes()[:100])
    with pytest.raises(EmbedderError, match=r"cannot be loaded|install the reranker again") as told:
        CrossEncoderReranker(str(tmp_path))
    assert "\n" not in str(told.value)


def test_missing_weights_are_one_clear_error(tmp_path: Path) -> None:
    (make_model(tmp_path) / "model.safetensors").unlink()
    with pytest.raises(EmbedderError, match="no model weights"):
        CrossEncoderReranker(str(tmp_path))


def test_a_score_that_is_no_number_is_an_error(tmp_path: Path) -> None:
    torch, transformers = libraries()
    weights = transformers.BertForSequenceClassification.from_pretrained(make_model(tmp_path))
    torch.nn.init.constant_(weights.classifier.bias, float("nan"))
    weights.save_pretrained(tmp_path)
    reranker = CrossEncoderReranker(str(tmp_path))
    with pytest.raises(EmbedderError, match="no number"):
        reranker.score(QUESTION, TEXTS, budget_s=1)


def test_naming_the_adapter_does_not_load_the_library() -> None:
    module = "rag.adapters.cross_encoding.cross_encoder"
    program = f"import sys, {module}; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
