"""A sentence-transformers cross-encoder: reads two texts together and gives numbers for them."""

import json
import math
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rag.adapters.embedding.weights import hash_weights
from rag.errors import EmbedderError

HEAD = "ForSequenceClassification"
PAD_TOKENS = 32  # few different lengths keep torch's kernels few, as for the embedder


class PairClassifier:
    """One model on the processor; calls from several threads take turns by `lock`.

    `role` and `setting` are its names in messages. Nothing is downloaded and no code that comes
    with a model is run. Raises EmbedderError.
    """

    def __init__(self, name_or_folder: str, *, role: str, setting: str) -> None:
        self._role = role
        self._setting = setting
        folder = self._locate(name_or_folder)
        self._require_head(folder)
        label = Path(name_or_folder).name or folder.resolve().name
        self.name = f"{label}@{hash_weights(folder)[:12]}"
        self.lock = threading.Lock()
        self._encoder = self._load(folder)

    @property
    def labels(self) -> list[str]:
        """What each of its numbers stands for, in lower case."""
        named = self._encoder.model.config.id2label
        return [str(named[place]).lower() for place in sorted(named)]

    def read(self, pairs: Sequence[tuple[str, str]]) -> list[list[float]]:
        """The logits of each pair. Raises EmbedderError."""
        window = int(self._encoder.max_seq_length or 1)
        padding = {} if window % PAD_TOKENS else {"pad_to_multiple_of": PAD_TOKENS}
        raw = self._encoder.predict(
            [[_cleaned(first), _cleaned(second)] for first, second in pairs],
            batch_size=len(pairs),
            show_progress_bar=False,
            processing_kwargs={"text": padding},
        )
        logits = [[float(number) for number in row] for row in raw.reshape(len(pairs), -1)]
        if not all(math.isfinite(number) for row in logits for number in row):
            raise EmbedderError(
                f"the {self._role} {self.name} gave a score that is no number: install it again"
            )
        return logits

    def other_kind(self, folder: object, reason: str, *, wanted: str) -> EmbedderError:
        """The error for a model that cannot do what is asked of it."""
        return EmbedderError(
            f"{folder} is no cross-encoder for the {self._role}: {reason}; set {self._setting} to "
            f"a sentence-transformers cross-encoder {wanted}"
        )

    def _locate(self, name: str) -> Path:
        if Path(name).is_dir():
            return Path(name)
        from huggingface_hub import snapshot_download
        from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

        try:
            return Path(snapshot_download(name, local_files_only=True))
        except (HFValidationError, LocalEntryNotFoundError, OSError) as error:
            raise EmbedderError(
                f"{self._role} {name!r} is no folder and no model that has been downloaded: set "
                f"{self._setting} to the folder of a cross-encoder, or to nothing"
            ) from error

    def _require_head(self, folder: Path) -> None:
        self._settings(folder / "tokenizer.json")  # damaged, the library raises a bare Exception
        config = self._settings(folder / "config.json")
        kinds = config.get("architectures") if isinstance(config, dict) else None
        if not (isinstance(kinds, list) and any(str(kind).endswith(HEAD) for kind in kinds)):
            raise self.other_kind(folder, "it has no classification head", wanted="with one")
        for module in self._settings(folder / "modules.json") or []:
            # the library would import any other class from the folder
            kind = module.get("type") if isinstance(module, dict) else None
            if not str(kind).startswith("sentence_transformers."):
                raise self.other_kind(folder, "it brings code of its own", wanted="without any")

    def _settings(self, path: Path) -> Any:  # a model's settings, of any type
        try:
            return json.loads(path.read_text(encoding="utf-8")) if path.is_file() else None
        except ValueError as error:
            raise EmbedderError(f"{path} is damaged: install the {self._role} again") from error

    def _load(self, folder: Path) -> Any:  # a CrossEncoder, imported late
        import torch
        from safetensors import SafetensorError
        from sentence_transformers import CrossEncoder

        try:
            return CrossEncoder(
                str(folder),
                device="cpu",
                trust_remote_code=False,
                local_files_only=True,
                model_kwargs={"dtype": torch.float32},
                activation_fn=torch.nn.Identity(),
            )
        except (OSError, ValueError, KeyError, RuntimeError, ImportError, SafetensorError) as error:
            reason = " ".join(str(error).split())[:200]
            raise EmbedderError(f"{self._role} {folder} cannot be loaded: {reason}") from error


def sigmoid(logit: float) -> float:
    """A logit as a probability."""
    return 1 / (1 + math.exp(-max(-700.0, min(700.0, logit))))


def _cleaned(text: str) -> str:
    return text.encode(errors="replace").decode()
