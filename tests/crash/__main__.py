"""`make crash`: kill runs at seeded points, fill disks of many sizes, erase in random histories."""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.crash.full_disk import fill_disks
from tests.crash.harness import choose_points, prepare, try_point
from tests.crash.histories import try_histories


def main() -> int:
    """Exit code 1 when anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m tests.crash", description=__doc__)
    parser.add_argument("--points", type=int, default=200)
    parser.add_argument("--sizes", type=int, default=20)
    parser.add_argument("--histories", type=int, default=200)
    parser.add_argument("--seed", type=int, default=17)
    parser.add_argument("--only", type=int, help="number of the one point to try")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        problems = kill(options, Path(folder) / "kills")
        problems += fill_disks(Path(folder) / "disks", options.sizes)
        seeds = range(options.seed, options.seed + options.histories)
        counts, found = try_histories(Path(folder) / "histories", seeds)
        say(counts)
        problems += found
    say(f"{len(problems)} problems")
    for problem in problems:
        say(problem)
    return 1 if problems else 0


def kill(options: argparse.Namespace, root: Path) -> list[str]:
    """Kill runs; what was wrong."""
    findings = [
        try_point(point, root)
        for point in choose_points(prepare(root), options.points, options.seed)
        if options.only in (None, point.number)
    ]
    steps = Counter((finding.step, finding.serves) for finding in findings)
    recovered = Counter(finding.step for finding in findings if not finding.problem)
    say("| killed while | points | old serves | new serves | next run completes |")
    say("|---|---|---|---|---|")
    for step in dict.fromkeys(finding.step for finding in findings):
        old, new = steps[step, "old"], steps[step, "new"]
        points = sum(finding.step == step for finding in findings)
        say(f"| {step} | {points} | {old} | {new} | {recovered[step]} |")
    held = sum(not finding.problem for finding in findings)
    say(f"kills: {held} of {len(findings)} held")
    return [f"{finding.point}: {finding.problem}" for finding in findings if finding.problem]


def say(line: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
