"""The question side of a running service, over REST: what an evaluation sees is what the API says.

It does not say the pages of a document nor the passages of an answer: the pages of citations are
not checked, and metrics that need passages are missing.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from time import perf_counter
from typing import Any

import httpx
from pydantic import TypeAdapter

from rag.domain import (
    Answer,
    AnswerDelta,
    Citation,
    Document,
    DocumentRef,
    Fingerprint,
    Hit,
    Message,
    SearchResult,
    Sentence,
    Usage,
)
from rag.errors import DocumentNotFound, NotMeasured
from rag.releases.manifest import Manifest
from rag.retrieval.scope import Scope

TIMEOUT_S = 120.0  # chosen: twice what a service gives its chat model
PAGE = 1000  # the most that the API lists at once
Json = dict[str, Any]  # a body of the API, whose values are validated where they are read
EVERYTHING = Scope()
_REFERENCE = TypeAdapter(DocumentRef)
_CITATIONS = TypeAdapter(tuple[Citation, ...])
_SENTENCES = TypeAdapter(tuple[Sentence, ...])
_HITS = TypeAdapter(tuple[Hit, ...])
_FINGERPRINT = TypeAdapter(Fingerprint)


class Service:
    """A service at an address; what it refuses or garbles is NotMeasured."""

    def __init__(self, address: str, key: str = "") -> None:
        headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._address = address
        self._client = httpx.Client(base_url=address, headers=headers, timeout=TIMEOUT_S)

    def corpora(self) -> list[Manifest]:
        """What the service says of its live releases; the rest of a manifest is empty."""
        body = self._json("GET", "/v1/corpora")
        with self._reading():
            return [_manifest(each) for each in body["data"]]

    def documents(self, corpus: str) -> list[DocumentRef]:
        """All documents of the live release, page by page."""
        found: list[DocumentRef] = []
        has_more = True
        while has_more:
            after = {"after": found[-1].id} if found else {}
            params = {"corpus": corpus, "limit": PAGE, **after}
            body = self._json("GET", "/v1/documents", params=params)
            with self._reading():
                found += [_REFERENCE.validate_python(each) for each in body["data"]]
                has_more = bool(body["has_more"]) and bool(body["data"])
        return found

    def document(self, document_id: str, *, corpus: str, scope: Scope = EVERYTHING) -> Document:
        """A whole document, without its pages. Raises DocumentNotFound."""
        params = {"corpus": corpus} | ({"release": str(scope.release)} if scope.release else {})
        path = f"/v1/documents/{document_id}"
        about = self._json("GET", path, params=params)
        text = self._send("GET", f"{path}/text", params=params).text
        with self._reading():
            at = (about["id"], about["version"], about["source"], about["title"])
            return Document(*at, text, about["media_type"])

    def search(self, query: str, *, corpus: str, top_k: int | None = None) -> SearchResult:
        """Ranked hits, timed over the network."""
        started = perf_counter()
        asked = {"query": query, "corpus": corpus, "top_k": top_k}
        body = self._json("POST", "/v1/search", json=asked)
        elapsed = {"search": (perf_counter() - started) * 1e3}
        with self._reading():
            hits = _HITS.validate_python([_hit(each) for each in body["data"]])
            at = (query, body["corpus"], body["release"], body["mode"], body["confidence"])
            return SearchResult(*at, hits=hits, timings_ms=elapsed)

    async def answer(
        self, conversation: Sequence[Message], *, corpus: str, top_k: int | None = None
    ) -> AsyncIterator[AnswerDelta | Answer]:
        """One Answer, whose search is asked anew with its stand-alone question."""
        messages = [asdict(message) for message in conversation]
        body = self._json("POST", "/v1/answers", json={"messages": messages, "corpus": corpus})
        with self._reading():
            question = body["standalone_question"]
        search = self.search(question, corpus=corpus, top_k=top_k)
        with self._reading():
            answer = _answer(body, search)
        yield answer

    def close(self) -> None:
        """Let go of the connection."""
        self._client.close()

    def _json(self, method: str, path: str, **options: Any) -> Json:
        reply = self._send(method, path, **options)
        with self._reading():
            body: Json = reply.json()
            return body

    def _send(self, method: str, path: str, **options: Any) -> httpx.Response:
        try:
            reply = self._client.request(method, path, **options)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise NotMeasured(f"{self._address} did not answer: {type(error).__name__}") from error
        if reply.status_code == httpx.codes.NOT_FOUND:
            raise DocumentNotFound(f"{self._address} has no {path}")
        if not reply.is_success:
            raise NotMeasured(f"{self._address} says {reply.status_code} to {path}")
        return reply

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """Have a body that is not one of this API raise NotMeasured."""
        try:
            yield
        except (ValueError, KeyError, TypeError) as error:
            raise NotMeasured(
                f"{self._address} does not answer as Plumbline does ({type(error).__name__}): "
                "give the address of its service, as http://127.0.0.1:8000"
            ) from error


def _manifest(body: Json) -> Manifest:
    known: Json = {
        name: body[name]
        for name in ("release", "created", "documents", "chunks", "language", "embedder")
    }
    unknown: Json = {"format": 0, "dimensions": 0, "embedder_precision": "", "chunker": ""}
    return Manifest(corpus=body["id"], content_hash="", chunk_ids_hash="", **known, **unknown)


def _hit(body: Json) -> Json:
    chunk = {name: body[name] for name in ("span", "text", "page", "heading")}
    chunk |= {"id": body["chunk_id"], "document_id": body["document"]["id"]}
    return {name: body[name] for name in ("document", "score", "scores")} | {"chunk": chunk}


def _answer(body: Json, search: SearchResult) -> Answer:
    sentences = [
        {name: each[name] for name in ("text", "verdict", "citations", "score", "reasons")}
        | {"span": {"start": each["start"], "end": each["end"]}}
        for each in body["sentences"]
    ]
    citations = [each | {"page": None} for each in body["citations"]]
    usage = body["usage"]
    return Answer(
        **{name: body[name] for name in ("id", "status", "text", "generator", "trace_id")},
        **{name: body[name] for name in ("timings_ms", "degraded", "finish_reason")},
        search=search,
        citations=_CITATIONS.validate_python(citations),
        sentences=_SENTENCES.validate_python(sentences),
        fingerprint=_FINGERPRINT.validate_python(body["fingerprint"]),
        usage=Usage(usage["prompt_tokens"], usage["completion_tokens"]),
        standalone_by=body["standalone_by"],
        checked_by=body["checked_by"] or "",
    )
