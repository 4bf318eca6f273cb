"""What a release says of itself in its folder."""

import hashlib
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a release says of itself in `manifest.json`: enough to open it or to refuse it.

    `based_on` is the release whose indexes were copied and changed, None where they were built
    fresh; `replaced` counts the chunks taken out of them since they were. `embedder_name` is what
    loads the embedder, `embedder` its fingerprint, `embedder_reason` why the corpus has it. Chunks
    of one text share one of the `vectors`.

    `search` says how these are searched: `exact` compares all of them, `graph` goes by the vector
    index, which then loses `graph_lost` of the `graph_tried` vectors that were searched for and
    finds `graph_recall` of the ten nearest; None where that was not measured.
    """

    format: int
    corpus: str
    release: int
    created: str
    documents: int
    chunks: int
    dimensions: int
    language: str
    embedder: str
    embedder_precision: str
    chunker: str
    content_hash: str
    chunk_ids_hash: str
    engines: str = ""
    based_on: int | None = None
    replaced: int = 0
    embedder_name: str = ""
    embedder_reason: str = ""
    vectors: int = 0
    search: Literal["exact", "graph"] = "graph"
    graph_recall: float | None = None
    graph_lost: int | None = None
    graph_tried: int | None = None

    def to_json(self) -> str:
        """The manifest as the text of `manifest.json`."""
        return json.dumps(asdict(self), indent=2, sort_keys=True) + "\n"

    def save(self, release: Path) -> None:
        """Write it into the folder of its release."""
        (release / "manifest.json").write_text(self.to_json())

    @staticmethod
    def from_json(text: str) -> "Manifest":
        """Read `manifest.json`; unknown fields of a newer writer are ignored. Raises ValueError."""
        try:
            raw = json.loads(text)
            return Manifest(**{k: raw[k] for k in Manifest.__dataclass_fields__ if k in raw})
        except (TypeError, AttributeError) as error:
            raise ValueError(f"not a manifest: {error}") from error


RELEASE_FORMAT = 4  # counts up when readers of before cannot read what is written


def release_folder_name(number: int) -> str:
    """Folder of release `number` below `releases/`."""
    return f"{number:06d}"


def hash_ids(ids: list[str]) -> str:
    """One sha256 over a set of ids, whatever their order."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()
