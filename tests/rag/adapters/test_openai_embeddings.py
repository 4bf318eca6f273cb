"""The embedder of a server over real HTTP: good answers become unit vectors, faults errors."""

import logging
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from rag.adapters.embedding_server import openai_embeddings, requests
from rag.adapters.embedding_server.openai_embeddings import OpenAIEmbedder, fingerprint_of
from rag.adapters.memory.release import HashingEmbedder
from rag.errors import EmbedderError
from rag.ports import Embedder, TokenCounter
from tests.contract.test_embedding import EmbedderContract
from tests.openai_server import OpenAIServer, Reply, Rows, openai_server

pytestmark = pytest.mark.slow

TEXTS = ["the heron carries cars", "the tern sails at ten", "dogs travel free"]
HONEST = Reply()


def make_embedder(server: OpenAIServer, timeout_s: float = 5.0) -> OpenAIEmbedder:
    return OpenAIEmbedder("fake", base_url=server.base_url, api_key="sk-1", timeout_s=timeout_s)


def embed(*replies: Reply) -> OpenAIServer:
    """The server after it embedded TEXTS, which gave the vectors it was honest about."""
    with openai_server(*replies) as server:
        vectors = make_embedder(server).embed_documents(TEXTS)
    assert np.allclose(vectors, HashingEmbedder().embed_documents(TEXTS), atol=1e-6)
    return server


def refuse(*replies: Reply, texts: Sequence[str] = TEXTS) -> tuple[str, OpenAIServer]:
    """The one line of the error that embedding raised, and the server."""
    with openai_server(*replies) as server, pytest.raises(EmbedderError) as caught:
        make_embedder(server, timeout_s=60).embed_documents(texts)
    assert "\n" not in str(caught.value)
    assert "sk-1" not in str(caught.value)
    return str(caught.value), server


@pytest.fixture(autouse=True)
def _short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "FIRST_WAIT_S", 0.01)


class TestOpenAIEmbedder(EmbedderContract):
    @pytest.fixture(autouse=True)
    def _serve(self) -> Iterator[None]:
        with openai_server(HONEST) as self.server:
            yield

    def make(self) -> Embedder:
        return make_embedder(self.server)

    def test_tokens_are_counted_without_truncation(self) -> None:
        counter: TokenCounter = make_embedder(self.server)
        short, long = counter.count_tokens(["one two three", "word " * 3000])
        assert 3 <= short < 10 < 3000 <= long
        assert counter.max_tokens == 8191


def test_a_request_names_the_model_and_asks_for_floats() -> None:
    [request] = embed(HONEST).requests
    assert request == {"model": "fake", "input": TEXTS, "encoding_format": "float"}


@pytest.mark.parametrize(
    "faults",
    [
        [Reply(status=429)],
        [Reply(status=429, headers={"retry-after": "rubbish"})],
        [Reply(status=429, headers={"retry-after": "nan"})],
        [Reply(status=429, headers={"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT"})],
        [Reply(status=500), Reply(status=500)],
        [Reply(status=503, error_code="busy")] * 4,
        [Reply(is_reset=True)],
        [Reply(raw=b'{"data": [', headers={"content-length": "9000"})],
        [Reply(status=408), Reply(is_reset=True), Reply(status=529)],
    ],
    ids=["429", "rubbish", "nan", "past date", "500 twice", "503 x4", "reset", "cut", "mixed"],
)
def test_a_passing_fault_is_tried_again(faults: list[Reply]) -> None:
    assert len(embed(*faults, HONEST).requests) == len(faults) + 1


def test_the_server_says_how_long_to_wait() -> None:
    started = time.monotonic()
    embed(Reply(status=429, headers={"retry-after": "0.7"}), HONEST)
    assert time.monotonic() - started >= 0.7


def test_no_wait_exceeds_the_time_of_the_whole_request() -> None:
    with openai_server(Reply(status=429, headers={"retry-after": "5"}), HONEST) as server:
        started = time.monotonic()
        with pytest.raises(EmbedderError, match="asked too often"):
            make_embedder(server, timeout_s=2).embed_queries(TEXTS)
    assert time.monotonic() - started < 4.5
    assert len(server.requests) == 1


def test_after_five_attempts_it_is_an_error() -> None:
    message, server = refuse(Reply(status=503))
    assert "failed with HTTP 503: try again later" in message
    assert len(server.requests) == 5


@pytest.mark.parametrize(
    ("fault", "advice"),
    [
        (Reply(status=401), "RAG_EMBEDDER_API_KEY"),
        (Reply(status=403), "does not allow fake"),
        (Reply(status=404), "has no model fake: check RAG_EMBEDDER"),
        (Reply(status=400, message="no such\nparameter"), "HTTP 400: no such parameter"),
        (Reply(status=429, error_code="insufficient_quota"), "quota is used up"),
        (Reply(status=429, headers={"retry-after": "31"}), "asked too often"),
    ],
    ids=["401", "403", "404", "400", "quota", "retry in 31 s"],
)
def test_a_lasting_fault_is_reported_at_once(fault: Reply, advice: str) -> None:
    message, server = refuse(fault, HONEST)
    assert advice in message
    assert len(server.requests) == 1


def change(**fields: object) -> Callable[[Rows], Rows]:
    """Overwrites fields of the second row."""
    return lambda rows: [rows[0], {**rows[1], **fields}, *rows[2:]]


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        (Reply(change=lambda rows: rows[:-1]), "2 embeddings for 3 texts"),
        (Reply(change=lambda rows: [*rows, rows[0]]), "4 embeddings for 3 texts"),
        (Reply(change=change(index=0)), "not numbered"),
        (Reply(change=change(index=None)), "not numbered"),
        (Reply(change=change(index=[1])), "not numbered"),
        (Reply(change=change(embedding=[float("nan")] * 256)), "zero or not finite"),
        (Reply(change=change(embedding=[None] * 256)), "zero or not finite"),
        (Reply(change=change(embedding=[1e300] * 256)), "zero or not finite"),
        (Reply(change=change(embedding=[0.0] * 256)), "zero or not finite"),
        (Reply(change=change(embedding=[1.0] * 255)), "differ in length"),
        (Reply(change=change(embedding=[10**400] * 256)), "differ in length or are none"),
        (Reply(change=change(embedding=None)), "differ in length or are none"),
        (Reply(change=lambda rows: [{"index": n, "embedding": 1.0} for n in range(3)]), "are none"),
        (Reply(raw=b"<html>log in</html>", content_type="text/html"), "not JSON"),
        (Reply(raw=b'{"data": [{"ind'), "not JSON"),
        (Reply(raw=b"[" * 100_000), "not JSON"),
        (Reply(raw=b"[]"), "no embeddings"),
        (Reply(raw=b'{"data": null}'), "no embeddings"),
    ],
)
def test_an_answer_that_cannot_be_right_is_refused(fault: Reply, reason: str) -> None:
    message, server = refuse(fault, HONEST)
    assert reason in message
    assert len(server.requests) == 1


def test_vectors_are_put_in_the_order_of_their_index() -> None:
    embed(Reply(change=lambda rows: rows[::-1]))


def test_vectors_of_any_length_become_unit_vectors() -> None:
    def stretch(rows: Rows) -> Rows:
        return [{**row, "embedding": [7 * x for x in row["embedding"]]} for row in rows]

    embed(Reply(change=stretch))


def test_a_server_that_changes_its_dimensions_is_refused() -> None:
    def cut(rows: Rows) -> Rows:
        return [{**row, "embedding": [1.0, 2.0]} for row in rows]

    with openai_server(HONEST, Reply(change=cut)) as server:
        embedder = make_embedder(server)
        assert embedder.embed_documents([]).shape == (0, 0)
        embedder.embed_documents(TEXTS)
        assert embedder.embed_documents([]).shape == (0, 256)
        with pytest.raises(EmbedderError, match="2 numbers, those before had 256"):
            embedder.embed_documents(TEXTS)


@pytest.mark.parametrize("stall_s", [0.02, 0.4], ids=["byte by byte", "silent"])
def test_an_answer_that_never_ends_is_given_up(stall_s: float) -> None:
    with openai_server(Reply(stall_s=stall_s)) as server:
        started = time.monotonic()
        with pytest.raises(EmbedderError, match="did not answer in time"):
            make_embedder(server, timeout_s=0.3).embed_queries(["ferry"])
        assert time.monotonic() - started < 10


def test_a_server_that_is_not_there_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as held:
        base_url = f"http://user:secret@127.0.0.1:{held.getsockname()[1]}/v1"
    embedder = OpenAIEmbedder("fake", base_url=base_url, api_key="", timeout_s=0.5)
    with pytest.raises(EmbedderError, match=r"cannot be reached: .*refused") as caught:
        embedder.embed_queries(["ferry"])
    assert "secret" not in str(caught.value)


def test_requests_stay_within_the_limits_of_a_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    texts = [f"word {number}" for number in range(600)]
    assert [len(request["input"]) for request in embed_all(texts).requests] == [256, 256, 88]
    monkeypatch.setattr(openai_embeddings, "BATCH_TOKENS", 12)
    assert [len(request["input"]) for request in embed_all(texts[:8]).requests] == [4, 4]
    assert len(embed_all(["x" * 90]).requests) == 1


def embed_all(texts: Sequence[str]) -> OpenAIServer:
    with openai_server(HONEST) as server:
        vectors = make_embedder(server).embed_documents(texts)
    assert np.allclose(vectors, HashingEmbedder().embed_documents(texts), atol=1e-6)
    return server


@pytest.mark.parametrize("fault", [Reply(status=413), Reply(status=422, message="batch too large")])
def test_a_batch_that_is_too_long_is_halved(fault: Reply) -> None:
    assert [len(request["input"]) for request in embed(fault, HONEST).requests] == [3, 1, 2]


def test_a_text_that_is_too_long_alone_is_named() -> None:
    texts = [*TEXTS * 5, "An endless tale " * 9]
    message, server = refuse(Reply(longest_text=99), texts=texts)
    assert "of 144 characters that begins 'An endless tale" in message
    assert "maximum context length" in message
    assert [len(request["input"]) for request in server.requests] == [16, 8, 8, 4, 4, 2, 2, 1, 1]


def test_prefixes_are_sent_and_taken_off_the_window() -> None:
    with openai_server(HONEST) as server:
        embedder = OpenAIEmbedder(
            "fake",
            base_url=server.base_url,
            api_key="",
            query_prefix="query: ",
            document_prefix="passage: ",
        )
        embedder.embed_documents(["ferry"])
        embedder.embed_queries(["boat"])
    assert [request["input"] for request in server.requests] == [
        ["passage: ferry"],
        ["query: boat"],
    ]
    assert embedder.max_tokens == 8191 - 4


def test_text_that_is_no_unicode_is_sent_as_question_marks() -> None:
    assert embed_all(["a\ud800b"]).requests[0]["input"] == ["a?b"]


def test_tokens_used_are_summed_over_threads(caplog: pytest.LogCaptureFixture) -> None:
    with openai_server(HONEST) as server, caplog.at_level(logging.INFO):
        embedder = make_embedder(server)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(embedder.embed_documents, [TEXTS] * 16))
        assert embedder.tokens_used == 16 * 9
    assert "tokens_in_all=144" in caplog.text


def test_tokens_are_estimated_high() -> None:
    with openai_server(HONEST) as server:
        count = make_embedder(server).count_tokens
    assert count(["", "  ", "a", "abcd", "a.b\n\n\nc", "Ärger", "東京", "😀"]) == [
        *(0, 0, 1, 2),
        *(5, 3, 4, 3),
    ]


def test_the_fingerprint_tells_servers_models_and_prefixes_apart() -> None:
    told = {
        fingerprint_of("m", "https://a.example/v1"),
        fingerprint_of("m", "https://b.example/v1"),
        fingerprint_of("m", "https://a.example:8443/v1"),
        fingerprint_of("m", "https://a.example/v2"),
        fingerprint_of("m", "https://a.example/v1", "q"),
        fingerprint_of("m", "https://a.example/v1", "", "q"),
        fingerprint_of("n", "https://a.example/v1"),
    }
    assert len(told) == 7
    same = fingerprint_of("m", "http://key:word@A.example/v1/")
    assert same in told
    assert same.startswith("openai:m@")
    assert same.endswith(":remote")
    assert fingerprint_of("m") == fingerprint_of("m", "https://api.openai.com/v1")


def test_the_fingerprint_needs_no_server() -> None:
    embedder = OpenAIEmbedder("m", base_url="http://127.0.0.1:1/v1", api_key="", query_prefix="q")
    assert embedder.fingerprint == fingerprint_of("m", "http://127.0.0.1:1/v1", "q")


@pytest.mark.parametrize(
    ("model", "base_url", "api_key", "setting"),
    [
        ("", "http://h/v1", "", "RAG_EMBEDDER"),
        ("two\nlines", "http://h/v1", "", "RAG_EMBEDDER"),
        ("m", "localhost:80", "", "RAG_EMBEDDER_BASE_URL"),
        ("m", "http://", "", "RAG_EMBEDDER_BASE_URL"),
        ("m", "http://h:99999", "", "RAG_EMBEDDER_BASE_URL"),
        ("m", "http://h/v1", "sk-ö", "RAG_EMBEDDER_API_KEY"),
        ("m", "http://h/v1", "sk-1\n", "RAG_EMBEDDER_API_KEY"),
    ],
)
def test_what_cannot_be_asked_is_refused_before_anything_is_sent(
    model: str, base_url: str, api_key: str, setting: str
) -> None:
    with pytest.raises(EmbedderError, match=setting):
        OpenAIEmbedder(model, base_url=base_url, api_key=api_key)


def test_naming_the_embedder_does_not_load_the_library() -> None:
    program = (
        "import sys; from rag.adapters.embedding_server.openai_embeddings import fingerprint_of"
        "; fingerprint_of('m'); sys.exit('openai' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
