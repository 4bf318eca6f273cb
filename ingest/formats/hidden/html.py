"""Web pages without what their readers cannot see: text that would speak only to a machine."""

import re
from collections import Counter
from html import unescape

VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source"}
    | {"track", "wbr"}
)
MARK = re.compile(
    r"(?P<comment><!--)|</(?P<end>[A-Za-z][\w:-]{0,40})|<(?P<tag>[A-Za-z][\w:-]{0,40})"
)
REST_OF_TAG = re.compile(r"(?:=\s*+(?:\"[^\"]*+\"|'[^']*+')|[^>])*+>")
ATTRIBUTE = re.compile(
    r"([A-Za-z][\w:.-]{0,60})(?:\s{0,9}=\s{0,9}(\"[^\"]*\"|'[^']*'|[^\s\"'<>]+))?"
)
RAW = {tag: re.compile(rf"</{tag}\b", re.IGNORECASE) for tag in ("script", "style", "textarea")}
ENDS_BEFORE_ITSELF = frozenset({"p", "li", "dt", "dd", "tr", "td", "th", "option"})
DECLARATION = re.compile(r"([a-z-]{1,30})[ \t\r\n]{0,9}:[ \t\r\n]{0,9}([^;]{1,200})")
NOTHING = re.compile(r"0*\.?0+(?:px|pt|em|rem|%|vh|vw)?")
TINY_SIZE = re.compile(r"(?:0?\.\d+|0+|1)(?:px|pt)|0*\.?0+(?:em|rem|%)?")
WHITE = frozenset({"white", "#fff", "#ffffff", "rgb(255,255,255)", "rgba(255,255,255,1)"})
STYLE_SHEET = re.compile(r"<style\b|\bstylesheet\b", re.IGNORECASE)


def drop_hidden(html: str) -> tuple[str, tuple[str, ...]]:
    """`html` without comments and hidden elements, and a note of how much text they held."""
    finder = _HiddenFinder(html)
    finder.find()
    kept: list[str] = []
    at = 0
    for start, end in finder.hidden:
        kept += (html[at:start], "" if html.startswith("<!", start) else " ")
        at = max(at, end)
    kept.append(html[at:])
    note = f"{finder.characters} hidden characters left out"
    return "".join(kept), (note,) if finder.characters else ()


class _HiddenFinder:
    """Collects the spans of hidden elements and comments, outermost only, in order."""

    def __init__(self, html: str) -> None:
        self.hidden: list[tuple[int, int]] = []
        self.characters = 0
        self._html = html
        self._open: list[tuple[str, str]] = []
        self._open_tags: Counter[str] = Counter()
        self._hidden_from = -1
        self._hidden_depth = 0
        self._page_colour = "unknown" if STYLE_SHEET.search(html) else "white"

    def find(self) -> None:
        """Read the page; an element that is never closed hides all that follows."""
        at = 0
        while match := MARK.search(self._html, at):
            self._count(at, match.start())
            if match.group("comment"):
                at = self._read_comment(match.start())
                continue
            rest = REST_OF_TAG.match(self._html, match.end())
            if rest is None:  # what is no whole tag to its end shows nothing either
                at = len(self._html)
                break
            at = self._read_tag(match, rest)
        self._count(at, len(self._html))
        if self._hidden_from >= 0:
            self.hidden.append((self._hidden_from, len(self._html)))

    def _read_tag(self, match: re.Match[str], rest: re.Match[str]) -> int:
        if match.group("end"):
            self._end(match.group("end").lower(), match.start(), rest.end())
            return rest.end()
        tag = match.group("tag").lower()
        if tag not in VOID:
            self._start(tag, match.start(), rest.group())
        return self._skip_raw(tag, rest.end())

    def _count(self, start: int, end: int) -> None:
        if self._hidden_from >= 0:
            self.characters += len("".join(self._html[start:end].split()))

    def _read_comment(self, start: int) -> int:
        end = self._html.find("-->", start)
        end = end + 3 if end >= 0 else len(self._html)
        self.characters += len("".join(self._html[start + 4 : end - 3].split()))
        if self._hidden_from < 0:
            self.hidden.append((start, end))
        return end

    def _skip_raw(self, tag: str, at: int) -> int:
        """Behind a script or style, whose content is no text and holds no tags."""
        if tag not in RAW:
            return at
        end = RAW[tag].search(self._html, at)
        return end.start() if end else len(self._html)

    def _start(self, tag: str, at: int, rest: str) -> None:
        if tag in ENDS_BEFORE_ITSELF and self._open and self._open[-1][0] == tag:
            self._close_down_to(len(self._open) - 1, at)
        attributes = _read_attributes(rest)
        style = _read_style(attributes.get("style", ""))
        around = self._open[-1][1] if self._open else self._page_colour
        ground = _background(attributes, style, around)
        self._open.append((tag, ground))
        self._open_tags[tag] += 1
        if self._hidden_from < 0 and ("hidden" in attributes or _hides(attributes, style, ground)):
            self._hidden_from, self._hidden_depth = at, len(self._open)

    def _end(self, tag: str, start: int, end: int) -> None:
        if not self._open_tags[tag]:
            return
        depth = len(self._open) - 1
        while self._open[depth][0] != tag:
            depth -= 1
        is_own = depth == self._hidden_depth - 1
        self._close_down_to(depth, end if is_own else start)

    def _close_down_to(self, depth: int, end: int) -> None:
        self._open_tags.subtract(tag for tag, _ in self._open[depth:])
        del self._open[depth:]
        if self._hidden_from >= 0 and depth < self._hidden_depth:
            self.hidden.append((self._hidden_from, end))
            self._hidden_from = -1


def _read_attributes(source: str) -> dict[str, str]:
    return {name.lower(): unescape(value.strip("\"'")) for name, value in ATTRIBUTE.findall(source)}


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
