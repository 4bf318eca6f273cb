"""`make bench`: every number that README.md states, measured again."""

import argparse
import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from evals.bench import scale, speed
from rag.errors import RagError

ROOT = Path(__file__).parent.parent.parent


def main() -> int:
    """Print a Markdown table of what was measured; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m evals.bench", description=__doc__)
    parser.add_argument("--spans", type=Path, help="folder of the evidence-span set")
    parser.add_argument("--peers", type=Path, help="script that runs peers on that set")
    parser.add_argument(
        "--peers-python", default=sys.executable, help="interpreter with the peers' packages"
    )
    parser.add_argument("--messy", type=Path, help="folder of awkward files to ingest")
    parser.add_argument(
        "--scale", type=int, default=0, help="chunks to ingest, e.g. 100000, and a tenth of them"
    )
    parser.add_argument(
        "--only",
        nargs="*",
        help="parts: commands service handbook spans limit unchanged scale messy",
    )
    options = parser.parse_args()
    rows: list[tuple[str, str]] = []
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


Part = Callable[[], list[tuple[str, str]]]


def _parts(options: argparse.Namespace, data: Path) -> Iterator[tuple[str, Part]]:
    yield "commands", lambda: speed.time_help(ROOT)
    yield "handbook", lambda: speed.ingest_handbook(ROOT, data) + speed.score_handbook(ROOT, data)
    yield "service", lambda: speed.time_service(ROOT, data)
    if options.spans:
        yield "spans", lambda: _spans(options, data)
    yield "limit", scale.measure_limit
    yield "unchanged", lambda: scale.measure_unchanged(ROOT, data)
    if options.scale:
        sizes = (options.scale // 10, options.scale)
        yield "scale", lambda: scale.measure_scale(ROOT, data, sizes)
    if options.messy:
        yield "messy", lambda: speed.ingest_messy(ROOT, options.messy.resolve(), data)


def _spans(options: argparse.Namespace, data: Path) -> list[tuple[str, str]]:
    from evals.bench.spans import CORPUS, SpansAdapter, measure, read_questions
    from rag.bootstrap import open_plumbline
    from rag.settings import load_settings

    folder = options.spans.resolve()
    rows, seconds = speed.time_spans_ingest(ROOT, folder, data)
    if options.peers:
        rows += speed.time_peer(options.peers.resolve(), options.peers_python, folder, seconds)
    settings = load_settings(os.environ, data=data)
    plumbline = open_plumbline(settings)
    try:
        adapter = SpansAdapter(plumbline)
        chunks = adapter.index({path.stem: path.stem for path in folder.glob("*.md")})
        figures = measure(adapter.retrieve, read_questions(folder))
    finally:
        plumbline.close()
    rows.append((f"{CORPUS}: chunks", str(chunks)))
    return rows + [(f"{CORPUS}: {name}", f"{value:.3f}") for name, value in figures.items()]


if __name__ == "__main__":
    sys.exit(main())
