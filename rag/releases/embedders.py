"""The embedders that releases were made with: a release is asked with its own, whatever is set."""

import threading
from collections.abc import Callable

from rag.errors import EmbedderError, ReleaseBroken
from rag.ports import Embedder
from rag.releases.manifest import Manifest


class Embedders:
    """Loads each embedder once. Releases of an earlier embedder stay served while new ones come."""

    def __init__(
        self,
        configured: str,
        *,
        fingerprint: Callable[[str], str],
        load: Callable[[str], Embedder],
    ) -> None:
        self._configured = configured
        self._fingerprint = fingerprint
        self._load = load
        self._loaded: dict[str, Embedder] = {}
        self._lock = threading.Lock()

    def open(self, manifest: Manifest) -> Embedder:
        """The embedder whose vectors compare with those of a release. Raises ReleaseBroken."""
        space = vector_space(manifest.embedder)
        found = self._loaded.get(space)
        if found is not None:
            return found
        with self._lock:
            if space not in self._loaded:
                self._loaded[space] = self._load(self._find(space, manifest))
            return self._loaded[space]

    def _find(self, space: str, manifest: Manifest) -> str:
        problem = ""
        for name in dict.fromkeys((self._configured, manifest.embedder_name)):
            try:
                if name and vector_space(self._fingerprint(name)) == space:
                    return name
            except EmbedderError as error:
                problem = f" ({error})"
        raise ReleaseBroken(
            f"{manifest.corpus}@{manifest.release} was embedded by {manifest.embedder}, which is "
            f"not to be had here{problem}: set RAG_EMBEDDER to it, or run `python -m ingest "
            f"rebuild --corpus {manifest.corpus}` with the one that is set"
        )


def tell_precision(manifest: Manifest, embedder: Embedder) -> str:
    """What to know where questions are embedded otherwise than the release was; else nothing."""
    here = embedder.fingerprint.rpartition(":")[2]
    if embedder.fingerprint == manifest.embedder:
        return ""
    return (
        f"embedded in {manifest.embedder_precision}, questions are embedded in {here} on this "
        "machine: about one in a hundred of the ten best may stand in another place"
    )


def vector_space(fingerprint: str) -> str:
    """What of an embedder's fingerprint two must share for their vectors to be compared.

    That is all but the precision: a model means the same in fp32 and in bfloat16.
    """
    model, colon, _ = fingerprint.rpartition(":")
    return model if colon else fingerprint
