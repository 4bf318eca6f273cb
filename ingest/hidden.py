"""Web pages without what their readers cannot see: text that would speak only to a machine."""

import re
from collections import Counter
from html.parser import HTMLParser
from itertools import accumulate

VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}
    | {"track", "wbr"}
)
SILENT = frozenset({"script", "style", "template", "noscript"})
ENDS_BEFORE_ITSELF = frozenset({"p", "li", "dt", "dd", "tr", "td", "th", "option"})
DECLARATION = re.compile(r"([a-z-]{1,30})[ \t\r\n]{0,9}:[ \t\r\n]{0,9}([^;]{1,200})")
NOTHING = re.compile(r"0*\.?0+(?:px|pt|em|rem|%|vh|vw)?")
TINY_SIZE = re.compile(r"(?:0?\.\d+|0+|1)(?:px|pt)|0*\.?0+(?:em|rem|%)?")
WHITE = frozenset({"white", "#fff", "#ffffff", "rgb(255,255,255)", "rgba(255,255,255,1)"})
STYLE_SHEET = re.compile(r"<style\b|\bstylesheet\b", re.IGNORECASE)


def drop_hidden(html: str) -> tuple[str, tuple[str, ...]]:
    """`html` without comments and hidden elements, and a note of how much text they held."""
    finder = _HiddenFinder(html)
    finder.feed(html)
    finder.close()
    finder.finish()
    kept: list[str] = []
    at = 0
    for start, end in finder.hidden:
        kept += (html[at:start], "" if html.startswith("<!", start) else " ")
        at = max(at, end)
    kept.append(html[at:])
    note = f"{finder.characters} hidden characters left out"
    return "".join(kept), (note,) if finder.characters else ()


class _HiddenFinder(HTMLParser):
    """Collects the spans of hidden elements and comments, outermost only, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=False)
        self.hidden: list[tuple[int, int]] = []
        self.characters = 0
        self._html = html
        lengths = (len(line) + 1 for line in html.split("\n"))
        self._line_starts = list(accumulate(lengths, initial=0))
        self._open: list[tuple[str, str]] = []
        self._open_tags: Counter[str] = Counter()
        self._hidden_from = -1
        self._hidden_depth = 0
        self._page_colour = "unknown" if STYLE_SHEET.search(html) else "white"

    def finish(self) -> None:
        """An element that is never closed hides all that follows."""
        if self._hidden_from >= 0:
            self.hidden.append((self._hidden_from, len(self._html)))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in VOID:
            return
        if tag in ENDS_BEFORE_ITSELF and self._open and self._open[-1][0] == tag:
            self._close_down_to(len(self._open) - 1, self._at())
        attributes = {name: value or "" for name, value in attrs}
        style = _read_style(attributes.get("style", ""))
        around = self._open[-1][1] if self._open else self._page_colour
        ground = _background(attributes, style, around)
        self._open.append((tag, ground))
        self._open_tags[tag] += 1
        if self._hidden_from < 0 and ("hidden" in attributes or _hides(attributes, style, ground)):
            self._hidden_from, self._hidden_depth = self._at(), len(self._open)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        if not self._open_tags[tag]:
            return
        depth = len(self._open) - 1
        while self._open[depth][0] != tag:
            depth -= 1
        is_own = depth == self._hidden_depth - 1
        end = self._html.find(">", self._at()) + 1 if is_own else self._at()
        self._close_down_to(depth, end or len(self._html))

    def handle_data(self, data: str) -> None:
        if self._hidden_from >= 0 and not any(self._open_tags[tag] for tag in SILENT):
            self.characters += len("".join(data.split()))

    def handle_comment(self, data: str) -> None:
        if self._hidden_from < 0:
            start = self._at()
            end = self._html.find("-->", start)
            self.hidden.append((start, end + 3 if end >= 0 else self._html.find(">", start) + 1))
        self.characters += len("".join(data.split()))

    def _close_down_to(self, depth: int, end: int) -> None:
        self._open_tags.subtract(tag for tag, _ in self._open[depth:])
        del self._open[depth:]
        if self._hidden_from >= 0 and depth < self._hidden_depth:
            self.hidden.append((self._hidden_from, end))
            self._hidden_from = -1

    def _at(self) -> int:
        line, column = self.getpos()
        return self._line_starts[line - 1] + column


def _read_style(style: str) -> dict[str, str]:
    return {
        name: "".join(value.replace("!important", "").split())
        for name, value in DECLARATION.findall(style.lower())
    }


def _background(attributes: dict[str, str], style: dict[str, str], around: str) -> str:
    own = style.get("background-color") or style.get("background") or attributes.get("bgcolor")
    if own:
        return "white" if own.lower() in WHITE else "coloured"
    is_styled = "class" in attributes or "id" in attributes
    return "unknown" if is_styled and around == "unknown" else around


def _hides(attributes: dict[str, str], style: dict[str, str], ground: str) -> bool:
    colour = style.get("color") or attributes.get("color", "").lower()
    return (
        style.get("display") == "none"
        or style.get("visibility") in ("hidden", "collapse")
        or bool(TINY_SIZE.fullmatch(style.get("font-size", "")))
        or bool(NOTHING.fullmatch(style.get("opacity", "")))
        or (colour in WHITE and ground == "white")
        or colour == "transparent"
    )
