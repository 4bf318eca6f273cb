"""`make bench`: every number that docs/evaluation.md states, measured again."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

from evals.bench import ROOT, Rows, embedders, folders, questions, scale, speed
from evals.bench.quality import attacks
from rag.errors import RagError
from rag.settings import load_settings

SCALE_STEP = 10 * scale.SECTIONS


def read_options() -> argparse.Namespace:
    """The command line, checked."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench", description=__doc__)
    parser.add_argument("--spans", type=Path, help="folder of the evidence-span set")
    parser.add_argument("--peers", type=Path, help="script that runs peers on that set")
    parser.add_argument(
        "--peers-python", default=sys.executable, help="interpreter with the peers' packages"
    )
    parser.add_argument("--attacks", type=Path, help="folder of BIPIA, attacks hidden in mails")
    parser.add_argument("--messy", type=Path, help="folder of awkward files to ingest")
    parser.add_argument(
        "--scale", type=int, default=0, help="chunks to ingest, e.g. 100000, and a tenth of them"
    )
    parser.add_argument(
        "--questions", type=int, default=0, help="made chunks to ask questions of, e.g. 100000"
    )
    parser.add_argument(
        "--folders",
        nargs="*",
        metavar="PATTERN",
        help="publish folders of many kinds: some made, and those that match, a part of each",
    )
    parser.add_argument(
        "--only",
        nargs="*",
        help="parts: commands handbook abstaining service embedders spans precision mistyping "
        "gate judging drift limit unchanged scale questions folders attacks messy",
    )
    options = parser.parse_args()
    if options.scale % SCALE_STEP:
        parser.error(f"--scale must be a multiple of {SCALE_STEP:,}")
    return options


def main() -> int:
    """Print a Markdown table of what was measured; returns the exit code."""
    options = read_options()
    rows: Rows = []
    with tempfile.TemporaryDirectory() as folder:
        data = Path(folder)
        try:
            for name, part in _parts(options, data):
                if not options.only or name in options.only:
                    rows += part()
        except RagError as error:
            print(f"bench: {error}", file=sys.stderr)  # noqa: T201 - a command's output
            return error.exit_code
    width = max(len(name) for name, _ in rows)
    for name, value in [("measure", "value"), ("-" * width, "-----"), *rows]:
        print(f"| {name:<{width}} | {value} |")  # noqa: T201 - a command's output
    return 0


Part = Callable[[], Rows]


def _parts(options: argparse.Namespace, data: Path) -> Iterator[tuple[str, Part]]:
    yield "commands", lambda: speed.time_help()
    yield "handbook", lambda: speed.ingest_handbook(data) + speed.score_handbook(data)
    yield "abstaining", lambda: _abstaining(options, data / "abstaining")
    yield "service", lambda: speed.time_service(data)
    yield "answers", lambda: _answers(data / "answers")
    yield "embedders", lambda: embedders.time_embedders()
    if options.spans:
        yield "spans", lambda: _spans(options, data)
        yield "precision", lambda: _precision(options, data)
    yield "mistyping", lambda: _mistyping(options, data)
    yield "gate", lambda: _gate()
    yield "judging", lambda: _judging(data / "judging")
    yield "drift", lambda: _drift(options, data / "drift")
    yield "limit", lambda: scale.measure_limit(load_settings(os.environ))
    yield "unchanged", lambda: scale.measure_unchanged(data)
    if options.scale:
        sizes = (options.scale // 10, options.scale)
        yield "scale", lambda: scale.measure_scale(data, sizes)
    if options.questions:
        made = data / "made"
        yield "questions", lambda: questions.measure_questions(made, options.questions)
    if options.folders is not None:
        yield "folders", lambda: folders.measure_folders(data / "folders", options.folders)
    if options.attacks:
        yield "attacks", lambda: attacks.measure_attacks(options.attacks)
    if options.messy:
        yield "messy", lambda: speed.ingest_messy(options.messy.resolve(), data)


def _spans(options: argparse.Namespace, data: Path) -> Rows:
    """The set with each packaged embedder; peers once, with the weights of the first."""
    from rag.adapters.embedding.weights import PACKAGED

    folder = options.spans.resolve()
    found: Rows = []
    for embedder in PACKAGED:
        place = data / embedder
        rows, seconds = speed.time_spans_ingest(folder, place, f"RAG_EMBEDDER={embedder}")
        chunks, figures = _score_spans(folder, place)
        rows.append(("spans: chunks", str(chunks)))
        rows += [(f"spans: {name}", f"{value:.3f}") for name, value in figures.items()]
        if options.peers and not found:
            peer = (options.peers.resolve(), options.peers_python, folder)
            rows += speed.time_peer(*peer, seconds)
        found += [(f"{embedder}, {name}", value) for name, value in rows]
    return found


def _abstaining(options: argparse.Namespace, data: Path) -> Rows:
    """Close misses of the example set always, texts left out where there is a set of spans."""
    from evals.bench.quality import abstaining
    from rag.bootstrap import open_plumbline

    folder = options.spans.resolve() if options.spans else None
    abstaining.ingest_handbook(data)
    if folder:
        abstaining.leave_one_out(folder, data)
    plumbline = open_plumbline(load_settings(os.environ, data=data, chat_model=""))
    try:
        rows = abstaining.measure_close_misses(plumbline, ROOT / "evals" / "sets", data)
        return rows + (abstaining.measure_left_out(plumbline, folder, data) if folder else [])
    finally:
        plumbline.close()


def _gate() -> Rows:
    from evals.bench.quality.gating import measure_gate

    return measure_gate()


def _judging(place: Path) -> Rows:
    from evals.bench.judging_speed import measure_judging
    from evals.bench.quality import abstaining
    from rag.bootstrap import open_plumbline

    abstaining.ingest_handbook(place)
    plumbline = open_plumbline(load_settings(os.environ, data=place, chat_model=""))
    try:
        return measure_judging(plumbline, abstaining.CORPUS, place / "judge.db")
    finally:
        plumbline.close()


def _drift(options: argparse.Namespace, data: Path) -> Rows:
    """Questions of the example set, and of a set of spans where there is one."""
    from evals.bench.quality import abstaining, drift_trials
    from rag.bootstrap import load_embedder, open_plumbline

    abstaining.ingest_handbook(data)
    settings = load_settings(os.environ, data=data, chat_model="")
    plumbline = open_plumbline(settings)
    try:
        spans = options.spans.resolve() if options.spans else None
        return drift_trials.measure_drift(plumbline, load_embedder(settings), spans)
    finally:
        plumbline.close()


def _answers(place: Path) -> Rows:
    from evals.bench import answer_speed
    from evals.bench.quality import abstaining

    abstaining.ingest_handbook(place)
    return answer_speed.measure_answers(place)


def _mistyping(options: argparse.Namespace, data: Path) -> Rows:
    """Typing errors in the questions of the example set, and of a set of spans."""
    from evals.bench.quality import abstaining, mistyping, spans
    from rag.bootstrap import open_plumbline

    place = data / "mistyping"
    open_place = partial(open_plumbline, load_settings(os.environ, data=place, chat_model=""))
    abstaining.ingest_handbook(place)
    plumbline = open_place()
    path = ROOT / "evals" / "sets" / abstaining.ASKED
    asked = mistyping.read_answerable(plumbline, abstaining.CORPUS, path)
    plumbline.close()
    rows = mistyping.measure_mistyping(open_place, abstaining.CORPUS, asked)
    if not options.spans:
        return rows
    speed.time_spans_ingest(options.spans.resolve(), place)
    asked = spans.read_questions(options.spans.resolve())
    return rows + mistyping.measure_mistyping(open_place, spans.CORPUS, asked)


def _precision(options: argparse.Namespace, data: Path) -> Rows:
    """What the precision that this machine chooses costs in quality against fp32."""
    from evals.bench.precision import measure_agreement
    from evals.bench.quality.spans import CORPUS, read_questions
    from rag.adapters.embedding.weights import choose_precision

    folder = options.spans.resolve()
    chosen = choose_precision("auto")
    if chosen == "fp32":
        return [("precision: chosen here", "fp32, there is nothing to compare")]
    rows: Rows = [("precision: chosen here", chosen)]
    figures: dict[str, dict[str, float]] = {}
    for precision in ("fp32", chosen):
        place = data / precision
        setting = f"RAG_EMBEDDER_PRECISION={precision}"
        _, seconds = speed.time_spans_ingest(folder, place, setting)
        figures[precision] = _score_spans(folder, place, precision)[1]
        rows.append((f"precision: ingestion in {precision}", f"{seconds:.1f} s"))
    rows += [
        (f"precision: {name}, fp32 and {chosen}", _compare(exact, figures[chosen][name]))
        for name, exact in figures["fp32"].items()
    ]
    texts = [question.text for question in read_questions(folder)]
    return rows + measure_agreement(data / chosen, CORPUS, texts)


def _compare(exact: float, chosen: float) -> str:
    return f"{exact:.4f}, {chosen:.4f}, difference {chosen - exact:+.4f}"


def _score_spans(
    folder: Path, data: Path, precision: str | None = None
) -> tuple[int, dict[str, float]]:
    """Chunks of the ingested set, and the figures of its questions."""
    from evals.bench.quality.spans import CORPUS, measure, read_questions
    from rag.bootstrap import open_plumbline

    settings = load_settings(os.environ, data=data, embedder_precision=precision)
    plumbline = open_plumbline(settings)
    try:
        [manifest] = [m for m in plumbline.corpora() if m.corpus == CORPUS]
        if manifest.documents != len(list(folder.glob("*.md"))):
            raise ValueError(f"only {manifest.documents} of the texts in {folder} were ingested")
        return manifest.chunks, measure(plumbline, read_questions(folder))
    finally:
        plumbline.close()


if __name__ == "__main__":
    sys.exit(main())
