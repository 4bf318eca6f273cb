"""Prompts: versioned files beside the code, named `name@hash` in every answer's fingerprint."""

import hashlib
from dataclasses import dataclass
from importlib import resources
from string import Template

ANSWER_PROMPT = "answer.v1"


@dataclass(frozen=True, slots=True)
class Prompt:
    """A prompt's name with its version, and its text with `$placeholders`."""

    name: str
    text: str

    @property
    def label(self) -> str:
        """`name@hash`, the hash over the text, so that an edited prompt is a new one."""
        return f"{self.name}@{hashlib.sha256(self.text.encode()).hexdigest()[:12]}"

    def fill(self, **values: str) -> str:
        """The text with its placeholders replaced; a missing one raises KeyError."""
        return Template(self.text).substitute(values)


def load_prompt(name: str = ANSWER_PROMPT) -> Prompt:
    """Read `rag/prompts/<name>.md`."""
    file = resources.files("rag") / "prompts" / f"{name}.md"
    return Prompt(name, file.read_text(encoding="utf-8"))
