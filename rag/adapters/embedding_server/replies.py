"""What an OpenAI-compatible embeddings server answered, checked before it counts as vectors."""

import json
from typing import Any

import numpy as np

from rag.errors import EmbedderError
from rag.ports import Vectors


def read_answer(body: bytes, count: int) -> tuple[Vectors, int]:
    """`count` unit vectors in the order asked, and the tokens used. Raises EmbedderError."""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise unusable("it is not JSON") from error
    rows = answer.get("data") if isinstance(answer, dict) else None
    if not isinstance(rows, list):
        raise unusable("it holds no embeddings")
    held = [row for row in rows if isinstance(row, dict) and isinstance(row.get("index"), int)]
    by_index = {row["index"]: row.get("embedding") for row in held}
    if len(rows) != count:
        raise unusable(f"it holds {len(rows)} embeddings for {count} texts")
    if by_index.keys() != set(range(count)):
        raise unusable("its embeddings are not numbered as the texts are")
    return _unit([by_index[place] for place in range(count)]), _tokens(answer)


def unusable(reason: str) -> EmbedderError:
    """The error for an answer that must not be used."""
    return EmbedderError(
        f"the embedding server's answer cannot be used: {reason}; check that RAG_EMBEDDER_BASE_URL "
        "is that of an OpenAI-compatible embeddings server"
    )


def _unit(rows: list[object]) -> Vectors:
    try:
        vectors = np.array(rows, dtype=np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise unusable("its vectors differ in length or are none") from error
    if vectors.ndim != 2:
        raise unusable("its vectors are none")
    with np.errstate(over="ignore", under="ignore"):
        lengths = np.linalg.norm(vectors, axis=1, keepdims=True)
    if not np.isfinite(lengths).all() or (lengths == 0).any():
        raise unusable("a vector is zero or not finite")
    return np.ascontiguousarray(vectors / lengths, dtype=np.float32)


def _tokens(answer: dict[str, Any]) -> int:  # decoded JSON
    usage = answer.get("usage")
    counted = usage.get("prompt_tokens") if isinstance(usage, dict) else None
    return counted if isinstance(counted, int) and counted > 0 else 0
