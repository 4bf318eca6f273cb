"""Numbers that decide something say where they come from."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PACKAGES = ("rag", "ingest", "api", "evals")


def unexplained(source: str) -> Iterator[str]:
    """Module constants that are numbers, without a comment at, or a text around them.

    A comment above a block of constants speaks for all of them.
    """
    lines = source.splitlines()
    body = ast.parse(source).body
    for statement, following in zip(body, [*body[1:], None], strict=True):
        if not isinstance(statement, ast.Assign | ast.AnnAssign) or statement.value is None:
            continue
        target = statement.targets[0] if isinstance(statement, ast.Assign) else statement.target
        if not isinstance(target, ast.Name) or not target.id.strip("_").isupper():
            continue
        if not _is_number(statement.value) or _has_text_below(following):
            continue
        last = lines[(statement.end_lineno or statement.lineno) - 1]
        if "#" not in last and not _has_comment_above(lines, statement.lineno - 2):
            yield target.id


def _is_number(value: ast.expr) -> bool:
    if isinstance(value, ast.Tuple):
        return bool(value.elts) and all(map(_is_number, value.elts))
    if isinstance(value, ast.BinOp):
        return _is_number(value.left) and _is_number(value.right)
    if isinstance(value, ast.UnaryOp):
        return _is_number(value.operand)
    return isinstance(value, ast.Constant) and type(value.value) in (int, float)


def _has_text_below(statement: ast.stmt | None) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _has_comment_above(lines: list[str], at: int) -> bool:
    while at >= 0 and lines[at].strip():
        if lines[at].startswith("#"):
            return True
        at -= 1
    return False


@pytest.mark.parametrize(
    "path",
    [
        path.relative_to(ROOT).as_posix()
        for package in PACKAGES
        for path in sorted((ROOT / package).rglob("*.py"))
        if "bench" not in path.parts
    ],
)
def test_every_number_says_where_it_comes_from(path: str) -> None:
    assert [*unexplained((ROOT / path).read_text())] == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("MOST = 3", ["MOST"]),
        ("MOST: float = -1.5 * 2", ["MOST"]),
        ("DEPTHS = (1, 5)", ["DEPTHS"]),
        ("import x\n\nMOST = 3\nLEAST = 1", ["MOST", "LEAST"]),
        ("MOST = 3  # chosen: enough", []),
        ('MOST = 3\n"""Chosen: enough."""', []),
        ("# of linux/seccomp.h\nA = 1\nB = 2", []),
        ("NAME = 'x'\nmost = 3\nis_on = True", []),
    ],
)
def test_a_number_without_a_reason_is_reported(source: str, found: list[str]) -> None:
    assert [*unexplained(source)] == found
