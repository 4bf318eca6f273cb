"""What a file holds once it is read, and how files of a format are read."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from rag.domain import MetadataValue, Page, Span

PAGE_BREAK = "\n\n"
NAMED_RUNS = 10  # chosen: fits one line of a note


@dataclass(frozen=True, slots=True)
class Extraction:
    """What one file holds; `notes` says in words what was left out, guessed or repaired.

    `metadata` is what the document says of itself; `pages_without_text` counts from 1.
    """

    text: str
    media_type: str
    title: str = ""
    is_markdown: bool = False
    pages: tuple[Page, ...] = ()
    notes: tuple[str, ...] = ()
    metadata: Mapping[str, MetadataValue] = field(default_factory=dict)
    pages_without_text: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file to read; `ocr` names the languages in which pictures of text are read, or none."""

    path: Path
    media_type: str
    ocr: str = ""

    def read(self) -> bytes:
        """All of its bytes."""
        return self.path.read_bytes()


class Format(NamedTuple):
    """How files of one suffix are read; `signature` is what they must begin with."""

    media_type: str
    extract: Callable[[SourceFile], Extraction]
    signature: str = "text"


def join_pages(contents: list[str]) -> tuple[str, tuple[Page, ...]]:
    """The text of all pages, and the span of each in it."""
    pages: list[Page] = []
    start = 0
    for number, content in enumerate(contents, 1):
        pages.append(Page(number, Span(start, start + len(content))))
        start += len(content) + len(PAGE_BREAK)
    return PAGE_BREAK.join(contents), tuple(pages)


def list_pages(numbers: Sequence[int]) -> str:
    """Page numbers in few characters: `3, 7-9`; of many runs the first few."""
    runs: list[list[int]] = []
    for number in numbers:
        if runs and runs[-1][-1] == number - 1:
            runs[-1].append(number)
        else:
            runs.append([number])
    shown = [f"{run[0]}-{run[-1]}" if len(run) > 1 else f"{run[0]}" for run in runs[:NAMED_RUNS]]
    left_out = sum(len(run) for run in runs[NAMED_RUNS:])
    return ", ".join(shown) + (f" and {left_out} more" if left_out else "")


def name_pages(numbers: Sequence[int]) -> str:
    """Page numbers in few words: `page 3`, `pages 3, 7-9`."""
    return f"{'page' if len(numbers) == 1 else 'pages'} {list_pages(numbers)}"
