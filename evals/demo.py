"""`plumbline demo`: ingest the example corpus, serve it, ask it one question, keep serving."""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
PLACES = (HERE / "examples", HERE.parent / "examples")
"""In a wheel the documents lie beside this module; in a clone a link to them does."""
CORPUS = "handbook"
QUESTION = "How many weeks of parental leave are there on full pay?"
READY_WITHIN_S = 60  # chosen: loading takes some 3 s, ten times that on a busy machine


def main(arguments: Sequence[str] | None = None, prog: str = "plumbline demo") -> int:
    """Run the demonstration in the folder `data` of where it is called; returns its exit code."""
    parser = argparse.ArgumentParser(
        prog=prog,
        description="Ingest the example corpus into the folder `data` of the folder you are in, "
        "serve it, ask it one question, serve until Ctrl-C. No RAG_ setting is read.",
    )
    parser.add_argument("--port", type=_port, default=8000, help="port to listen on (8000)")
    parser.add_argument("--once", action="store_true", help="stop after the answer")
    options = parser.parse_args(arguments)
    if _is_taken(options.port):
        say(f"port {options.port} is in use: stop what listens there, or choose another by --port")
        return 1
    environment = {key: value for key, value in os.environ.items() if not key.startswith("RAG_")}
    ingest = _command(
        "ingest",
        "add",
        str(next(place for place in PLACES if place.is_dir()) / CORPUS),
        "--corpus",
        CORPUS,
    )
    if subprocess.run(ingest, env=environment).returncode:
        return 1
    service = subprocess.Popen(_command("api", "--port", str(options.port)), env=environment)
    try:
        return _ask_and_serve(service, f"http://127.0.0.1:{options.port}", once=options.once)
    except KeyboardInterrupt:
        return 0
    finally:
        service.send_signal(signal.SIGINT)
        service.wait(timeout=30)


def _ask_and_serve(service: subprocess.Popen[bytes], address: str, *, once: bool) -> int:
    if not _wait_until_ready(service, address):
        say("the service did not become ready")
        return 1
    request = urllib.request.Request(
        f"{address}/v1/answers",
        data=json.dumps({"question": QUESTION, "corpus": CORPUS}).encode(),
        headers={"content-type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as reply:
        answer = json.load(reply)
    _show(answer)
    say(f"The page: {address}/   The API: {address}/docs")
    if once:
        return 0 if answer["status"] == "answered" else 1
    say("Serving until Ctrl-C.")
    return service.wait()


def _wait_until_ready(service: subprocess.Popen[bytes], address: str) -> bool:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline and service.poll() is None:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=5):
                return True
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(0.1)
    return False


def _show(answer: dict[str, Any]) -> None:
    say(f"\nQ: {QUESTION}\nA: {answer['text']}\n")
    for citation in answer["citations"]:
        page = f", page {citation['page']}" if citation["page"] else ""
        span = citation["span"]
        say(f"[{citation['number']}] {citation['document']['source']}{page}")
        say(f"    characters {span['start']} to {span['end']}: “{citation['quote']}”\n")


def _is_taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
    return False


def _port(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 65535:
        raise argparse.ArgumentTypeError(f"{text!r} is not a port, 1 to 65535")
    return int(text)


def _command(package: str, *arguments: str) -> list[str]:
    """A command of this installation, whatever folders the folder we are in holds."""
    return [sys.executable, "-P", "-m", package, *arguments]


def say(text: str) -> None:
    """Print at once, also into a pipe."""
    print(text, flush=True)  # noqa: T201 - a command's output
