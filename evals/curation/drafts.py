"""Drafts of samples: lines that a set does not take until a person has read and completed them."""

import hashlib
import json
import os
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from evals.samples.reading import UNREVIEWED
from evals.samples.sample import Evidence
from rag.domain import Message
from rag.errors import InvalidRegressionSet, StorageError

ID_DIGITS = 8  # of a hash; chosen: among 1,000 drafts two are equal once in 8,000 times


@dataclass(frozen=True, slots=True)
class Draft:
    """A question, what may answer it, and where both come from, for the one who reviews it."""

    conversation: tuple[Message, ...]
    reference: str
    evidence: tuple[Evidence, ...]
    tags: tuple[str, ...]
    origin: Mapping[str, object]

    def to_json(self, prefix: str) -> str:
        """As a line; its id begins with `prefix` and is the same for the same question."""
        messages = [{"role": each.role, "content": each.content} for each in self.conversation]
        digest = hashlib.sha256(json.dumps(messages).encode()).hexdigest()
        is_single = len(messages) == 1
        line = {
            "id": f"{prefix}-{digest[:ID_DIGITS]}",
            **({"question": messages[0]["content"]} if is_single else {"conversation": messages}),
            "reference": self.reference,
            "answerable": bool(self.evidence),
            "evidence": [_quote(each) for each in self.evidence],
            "tags": list(self.tags),
            "critical": False,
            UNREVIEWED: "todo",
            "origin": dict(self.origin),
        }
        return json.dumps(line, ensure_ascii=False)


def _quote(evidence: Evidence) -> dict[str, object]:
    said: dict[str, object] = {"source": evidence.source, "quote": evidence.quote}
    if evidence.span:
        said |= {"start": evidence.span.start, "end": evidence.span.end}
    return said


def check_is_free(path: Path) -> None:
    """Raise InvalidRegressionSet if there is a file already, or no folder for one."""
    if path.exists():
        raise InvalidRegressionSet(f"{path} is there already: name a new file")
    if not path.parent.is_dir():
        raise InvalidRegressionSet(f"there is no folder {path.parent}: create it")


def write_drafts(path: Path, drafts: Sequence[Draft], prefix: str) -> None:
    """Write a new file, whole or not at all. Raises InvalidRegressionSet, StorageError."""
    text = "".join(draft.to_json(prefix) + "\n" for draft in drafts)
    try:
        with tempfile.NamedTemporaryFile("w", encoding="utf-8", dir=path.parent) as file:
            file.write(text)
            file.flush()
            os.link(file.name, path)
    except FileExistsError as error:
        raise InvalidRegressionSet(f"{path} is there already: name a new file") from error
    except OSError as error:
        raise StorageError(f"{path} cannot be written: {error.strerror}") from error
