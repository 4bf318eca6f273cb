"""The elements of a web page that a CSS selector matches, found in bounded work."""

import re
from collections.abc import Callable

from cssselect.parser import CombinedSelector, Tree
from selectolax.lexbor import LexborHTMLParser, LexborNode, SelectolaxError

# Siblings times elements that one `:nth-child` may count through, 3 ns each.
MOST_SIBLING_STEPS = 300_000_000
# Within brackets the matching library tries every way, which can take years.
INNER_COMBINATOR = re.compile(r":has\(|:(?:not|is|where|matches)\([^()]*[\s>~+]")
COUNTS_SIBLINGS = re.compile(r":nth-|-child|-of-type")


class ElementFinder:
    """Finds what a selector matches, one step after the other, so that nothing is tried twice."""

    def __init__(self, page: LexborHTMLParser) -> None:
        self._page = page
        self._elements = 0
        self._widest = 0

    def find(self, tree: Tree) -> list[int] | None:
        """The elements, or None where finding them could take too long."""
        steps: list[tuple[str, Tree]] = []
        while isinstance(tree, CombinedSelector):
            steps.append((tree.combinator, tree.subselector))
            tree = tree.selector
        found = self._match(tree)
        for combinator, step in reversed(steps):
            if not found:
                break
            near = {node.mem_id for node in found}
            is_near = _CONNECTIONS[combinator](near)
            matched = self._match(step)
            found = None if matched is None else [node for node in matched if is_near(node)]
        return None if found is None else [node.mem_id for node in found]

    def _match(self, step: Tree) -> list[LexborNode] | None:
        text = step.canonical()
        if INNER_COMBINATOR.search(text):
            return None
        if COUNTS_SIBLINGS.search(text) and self._count_siblings() > MOST_SIBLING_STEPS:
            return None
        try:
            return self._page.css(text)
        except SelectolaxError:  # a state that a page at rest is not in, as `:focus-within`
            return []

    def _count_siblings(self) -> int:
        if not self._elements:
            children: dict[int, int] = {}
            for node in self._page.css("*"):
                self._elements += 1
                parent = node.parent.mem_id if node.parent else 0
                children[parent] = children.get(parent, 0) + 1
            self._widest = max(children.values())
        return self._elements * self._widest


def _is_child(near: set[int]) -> Callable[[LexborNode], bool]:
    return lambda node: node.parent is not None and node.parent.mem_id in near


def _is_next(near: set[int]) -> Callable[[LexborNode], bool]:
    def check(node: LexborNode) -> bool:
        before = _element_before(node)
        return before is not None and before.mem_id in near

    return check


def _is_beyond(
    near: set[int], step: Callable[[LexborNode], LexborNode | None]
) -> Callable[[LexborNode], bool]:
    """Whether `step` after `step` leads to an element in `near`; each is walked once."""
    known: dict[int, bool] = {}

    def check(node: LexborNode) -> bool:
        passed: list[int] = []
        at = step(node)
        while at is not None and at.mem_id not in near and at.mem_id not in known:
            passed.append(at.mem_id)
            at = step(at)
        found = at is not None and (at.mem_id in near or known[at.mem_id])
        known.update(dict.fromkeys(passed, found))
        return found

    return check


def _element_before(node: LexborNode) -> LexborNode | None:
    before = node.prev
    while before is not None and not before.is_element_node:
        before = before.prev
    return before


_CONNECTIONS: dict[str, Callable[[set[int]], Callable[[LexborNode], bool]]] = {
    ">": _is_child,
    "+": _is_next,
    " ": lambda near: _is_beyond(near, lambda node: node.parent),
    "~": lambda near: _is_beyond(near, _element_before),
}
