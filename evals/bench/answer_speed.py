"""What an extractive answer costs over HTTP, beside a search; and a check of ten sentences."""

import statistics
import time
from itertools import chain, cycle
from pathlib import Path

from evals.bench import ROOT, Rows
from evals.bench.questions import load, rate, say
from evals.bench.watching import serving
from evals.claims.labelled import read_claims
from evals.samples.reading import read_set

CORPUS = "handbook"
SETS = ("handbook", "asked-tuning", "asked-testing")
CLIENTS = 16
LOAD_S = 10.0
CLAIMS = "claims-tuning"
SENTENCES = 10
CHECKS_BEFORE = 10  # chosen: texts that find most passages of the example corpus unread
SECONDS = 120.0
READ_AHEAD_S = 75.0  # measured: twice what the service takes to read the example corpus ahead


def measure_answers(data: Path) -> Rows:
    """Times of questions asked once each, one after the other, then by several clients at once.

    The service has read ahead by then, as one that has run for a minute has. A quarter of the
    questions is searched, another answered, the rest answered under load: so no question was
    embedded before.
    """
    asked, texts = _questions(), _texts()
    searched, answered, crowd = asked[::4], asked[2::4], asked[1::2]
    with serving(data) as (_, port):
        load(port, _answer, iter(crowd[:5]), clients=1, seconds=SECONDS)
        time.sleep(READ_AHEAD_S)
        searches = load(port, _search, iter(searched), clients=1, seconds=SECONDS)
        answers = load(port, _answer, iter(answered), clients=1, seconds=SECONDS)
        began = time.perf_counter()
        first = load(port, _answer, iter(crowd), clients=CLIENTS, seconds=SECONDS)
        first_s = time.perf_counter() - began
        again = load(port, _answer, cycle(crowd), clients=CLIENTS, seconds=LOAD_S)
        unread = load(port, _check, iter(texts[:CHECKS_BEFORE]), clients=1, seconds=SECONDS)
        checks = load(port, _check, iter(texts[CHECKS_BEFORE:]), clients=1, seconds=SECONDS)
        known = load(port, _check, iter(texts[CHECKS_BEFORE:]), clients=1, seconds=SECONDS)
    ratio = statistics.median(answers) / statistics.median(searches)
    rows = [
        ("search, one client", say(searches)),
        ("answer, one client, each question new", say(answers)),
        ("median answer / median search", f"{ratio:.1f}"),
        (f"{CLIENTS} clients, each question new", rate(first, first_s)),
        (f"{CLIENTS} clients, the same again and again", rate(again, LOAD_S)),
        (f"check of {SENTENCES} new sentences, the first {CHECKS_BEFORE} texts", say(unread)),
        (f"check of {SENTENCES} new sentences, later ones", say(checks)),
        (f"check of {SENTENCES} sentences, the same again", say(known)),
    ]
    return [(f"answers: {name}", value) for name, value in rows]


def _questions() -> list[str]:
    sets = (read_set(ROOT / "evals" / "sets" / f"{name}.jsonl").samples for name in SETS)
    alone = (each.question for each in chain(*sets) if len(each.conversation) == 1)
    return list(dict.fromkeys(alone))


def _texts() -> list[str]:
    """New sentences about the example corpus, so many a text."""
    claims = read_claims(ROOT / "evals" / "sets" / f"{CLAIMS}.jsonl")
    told = [each.claim for each in claims if each.corpus == CORPUS]
    return ["\n".join(told[at :: len(told) // SENTENCES]) for at in range(len(told) // SENTENCES)]


def _check(text: str) -> tuple[str, dict[str, str]]:
    return "/v1/check", {"text": text, "corpus": CORPUS}


def _answer(question: str) -> tuple[str, dict[str, str]]:
    return "/v1/answers", {"question": question, "corpus": CORPUS}


def _search(question: str) -> tuple[str, dict[str, str]]:
    return "/v1/search", {"query": question, "corpus": CORPUS}
