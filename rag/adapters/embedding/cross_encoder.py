"""A cross-encoder that reads question and text together, within a time budget, offline."""

import json
import math
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from rag.adapters.embedding.weights import hash_weights
from rag.errors import EmbedderError

BATCH = 4  # chosen: the time is looked at after so many texts
HEAD = "ForSequenceClassification"
PAD_TOKENS = 32  # few different lengths keep torch's kernels few, as for the embedder


class CrossEncoderReranker:
    """Scores texts by one model on the processor; calls from several threads take turns.

    Nothing is downloaded and no code that comes with a model is run. Raises EmbedderError.
    """

    def __init__(self, name_or_folder: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        folder = _locate(name_or_folder)
        _require_cross_encoder(folder)
        label = Path(name_or_folder).name or folder.resolve().name
        self._name = f"{label}@{hash_weights(folder)[:12]}"
        self._encoder = _load(folder)
        self._clock = clock
        self._lock = threading.Lock()

    @property
    def name(self) -> str:
        """The model's name and the beginning of its weights' sha256."""
        return self._name

    def score(self, question: str, texts: Sequence[str], *, budget_s: float) -> list[float]:
        """How well each text answers, 0 to 1, for as many texts from the first as time allows.

        Four texts at a time; the first four are always read, and no four are begun when `budget_s`
        is over, the wait for other threads counted. Raises EmbedderError.
        """
        started = self._clock()
        scores: list[float] = []
        with self._lock:
            while len(scores) < len(texts):
                if scores and self._clock() - started >= budget_s:
                    break
                scores += self._read(question, texts[len(scores) : len(scores) + BATCH])
        return scores

    def _read(self, question: str, texts: Sequence[str]) -> list[float]:
        pairs = [[_cleaned(question), _cleaned(text)] for text in texts]
        window = int(self._encoder.max_seq_length or 1)
        padding = {} if window % PAD_TOKENS else {"pad_to_multiple_of": PAD_TOKENS}
        raw = self._encoder.predict(
            pairs,
            batch_size=BATCH,
            show_progress_bar=False,
            processing_kwargs={"text": padding},
        )
        scores = [float(score) for score in raw]
        if not all(math.isfinite(score) for score in scores):
            raise EmbedderError(
                f"the reranker {self._name} gave a score that is no number: install it again"
            )
        return scores


def _locate(name: str) -> Path:
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name, local_files_only=True))
    except (HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise EmbedderError(
            f"reranker {name!r} is no folder and no model that has been downloaded: set "
            "RAG_RERANKER to the folder of a cross-encoder, or to nothing"
        ) from error


def _require_cross_encoder(folder: Path) -> None:
    _settings(folder / "tokenizer.json")  # the library raises a bare Exception on a damaged one
    config = _settings(folder / "config.json")
    kinds = config.get("architectures") if isinstance(config, dict) else None
    if not (isinstance(kinds, list) and any(str(kind).endswith(HEAD) for kind in kinds)):
        raise _other_kind(folder, "it has no classification head")
    for module in _settings(folder / "modules.json") or []:
        # the library would import any other class from the folder
        kind = module.get("type") if isinstance(module, dict) else None
        if not str(kind).startswith("sentence_transformers."):
            raise _other_kind(folder, "it brings code of its own")


def _settings(path: Path) -> Any:  # a model's settings, of any type
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
    except ValueError as error:
        raise EmbedderError(f"{path} is damaged: install the reranker again") from error


def _load(folder: Path) -> Any:  # a CrossEncoder, imported late
    import torch
    from safetensors import SafetensorError
    from sentence_transformers import CrossEncoder

    try:
        encoder = CrossEncoder(
            str(folder),
            device="cpu",
            trust_remote_code=False,
            local_files_only=True,
            model_kwargs={"dtype": torch.float32},
            activation_fn=torch.nn.Sigmoid(),
        )
    except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
        reason = " ".join(str(error).split())[:200]
        raise EmbedderError(f"reranker {folder} cannot be loaded: {reason}") from error
    if encoder.num_labels != 1:
        raise _other_kind(folder, f"it gives {encoder.num_labels} numbers for a text instead of 1")
    return encoder


def _other_kind(folder: Path, reason: str) -> EmbedderError:
    return EmbedderError(
        f"{folder} is no cross-encoder that can rerank: {reason}; set RAG_RERANKER to a "
        "sentence-transformers cross-encoder with one output"
    )


def _cleaned(text: str) -> str:
    return text.encode(errors="replace").decode()
