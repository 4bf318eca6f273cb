"""A judge over real HTTP on loopback: answers each step of Ragas from a script, faults to order."""

import json
import re
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from evals.claims.labelled import read_claims
from evals.judging.checking import CHECK_SET
from evals.judging.replies import read_input
from tests.openai_server import running

Json = dict[str, Any]
STATEMENTS = ["It is paid.", "It is 26 weeks.", "It is on Mars."]
QUESTIONS = ["parental leave", "parental boats", "dogs boats"]


@dataclass(frozen=True, slots=True)
class Reply:
    """What goes back over the wire; `body` is sent as it is, else `text` as a completion."""

    text: str = ""
    status: int = 200
    body: bytes | None = None
    content_type: str = "application/json"
    finish_reason: str = "stop"
    headers: dict[str, str] = field(default_factory=dict)
    stall_s: float = 0.0


FALSE_CLAIMS = {claim.claim for claim in read_claims(CHECK_SET) if not claim.is_true}


def infer(asked: Json) -> Json:
    """Every statement is supported but those about Mars, and the false ones of the check."""
    return {
        "statements": [
            {"statement": text, "reason": "r", "verdict": int(_is_supported(text))}
            for text in asked["statements"]
        ]
    }


def _is_supported(text: str) -> bool:
    return "Mars" not in text and text not in FALSE_CLAIMS


def attribute(asked: Json) -> Json:
    """Each sentence of the reference is found in the context or not."""
    return {
        "classifications": [
            {"statement": text, "reason": "r", "attributed": int(text in asked["context"])}
            for text in asked["answer"].removesuffix(".").split(". ")
        ]
    }


def name_entities(asked: Json) -> Json:
    """The words of a text that begin with a capital letter."""
    return {"entities": re.findall(r"[A-Z][a-z]+", asked["text"])[:5]}


def imagine(asked: Json) -> Json:
    """Somebody whose name is that of the text's first word."""
    return {"name": asked["text"].split()[0], "role_description": "asks"}


def match(asked: Json) -> Json:
    """Everybody is interested in everything."""
    return {"mapping": {each["name"]: asked["themes"] for each in asked["personas"]}}


def ask(asked: Json) -> Json:
    """A question for the first sentence of what was read, or of each of two contexts."""
    texts = [asked["context"]] if isinstance(asked["context"], str) else asked["context"]
    first = [
        text.removeprefix(f"<{n}-hop>").strip().split(". ")[0] for n, text in enumerate(texts, 1)
    ]
    return {"query": f"What of {first[-1][:30]}?", "answer": " And: ".join(first)}


GENERATOR_STEPS: dict[str, Callable[[Json], Json]] = {
    "NEROutput": name_entities,
    "PersonaThemesMapping": match,
    "Persona": imagine,
    "GeneratedQueryAnswer": ask,
}
STEPS: dict[str, Callable[[Json], Json]] = {
    "StatementGeneratorOutput": lambda asked: {"statements": STATEMENTS},
    "ClaimDecompositionOutput": lambda asked: {"claims": STATEMENTS},
    "NLIStatementOutput": infer,
    "AnswerRelevanceOutput": lambda asked: {"question": QUESTIONS[0], "noncommittal": 0},
    "ContextPrecisionOutput": lambda asked: {
        "reason": "r",
        "verdict": int("Second" not in asked["context"]),
    },
    "ContextRecallOutput": attribute,
    **GENERATOR_STEPS,
}


class JudgeServer:
    """Gives the true answer of each step unless `fault` replaces it; keeps what it was asked."""

    def __init__(self) -> None:
        self.requests: list[Json] = []
        self.most_at_once = 0
        self.steps = dict(STEPS)
        self.fault: Callable[[int, str, str], Reply | None] = lambda n, step, text: None
        self._lock = threading.Lock()
        self._busy = 0
        self.http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self.http.daemon_threads = True
        self.base_url = f"http://127.0.0.1:{self.http.server_port}/v1"

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                """Quiet."""

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["content-length"])))
                with server._lock:
                    server.requests.append(body | {"path": self.path})
                    number = len(server.requests)
                    server._busy += 1
                    server.most_at_once = max(server.most_at_once, server._busy)
                reply = server._reply(number, body["messages"][0]["content"])
                time.sleep(reply.stall_s)
                with server._lock:  # before the client has its answer, and may ask again
                    server._busy -= 1
                with suppress(BrokenPipeError, ConnectionResetError):  # a client that gave up
                    _send(self, reply)

        return Handler

    def _reply(self, number: int, prompt: str) -> Reply:
        step = next(title for title in self.steps if f'"title": "{title}"' in prompt)
        text = json.dumps(self.steps[step](read_input(prompt)))
        return self.fault(number, step, text) or Reply(text)


@contextmanager
def judge_server() -> Iterator[JudgeServer]:
    """A running judge."""
    server = JudgeServer()
    with running(server.http):
        yield server


def _send(handler: BaseHTTPRequestHandler, reply: Reply) -> None:
    body = reply.body if reply.body is not None else _completion(reply)
    handler.send_response(reply.status)
    for name, value in reply.headers.items():
        handler.send_header(name, value)
    handler.send_header("content-type", reply.content_type)
    handler.send_header("content-length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)


def _completion(reply: Reply) -> bytes:
    message = {"role": "assistant", "content": reply.text}
    choice = {"index": 0, "message": message, "finish_reason": reply.finish_reason}
    usage = {"prompt_tokens": 100, "completion_tokens": 10, "total_tokens": 110}
    completion = {"id": "c", "object": "chat.completion", "created": 1, "model": "fake"}
    return json.dumps(completion | {"choices": [choice], "usage": usage}).encode()
