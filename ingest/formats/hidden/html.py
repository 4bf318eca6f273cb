"""Web pages without what their readers cannot see: text that would speak only to a machine."""

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from selectolax.lexbor import LexborHTMLParser, LexborNode

from ingest.formats.hidden.computed_style import Look, look_within
from ingest.formats.hidden.style_sheets import PageStyles

# Pages of this dialect close elements as XML does, `<title/>`, which HTML would leave open.
XHTML = "http://www.w3.org/1999/xhtml"
HEAD_CHARACTERS = 1000
SELF_CLOSED = re.compile(
    r"<(?!area|base|br|col|embed|hr|img|input|link|meta|source|track|wbr)([a-z][a-z0-9]{0,20}+)"
    r"((?:\s[^<>/]{0,500}+(?:/[^<>/]{1,500}+){0,9}+)?+)/>",
    re.IGNORECASE,
)
# Not text, but what a page says to browsers; a reader of Markdown would print some of it.
NO_TEXT = "script, style, template, title, meta, link, base"
# Drawings nest a few groups; looking further would cost time with every element around it.
DEEPEST_DRAWING = 50
PICTURES = frozenset({"embed", "iframe", "img", "input", "object", "svg"})
# What stands in these is shown only by a browser that cannot play or draw them.
PLAYED = frozenset({"audio", "canvas", "video"})


class VisiblePage(NamedTuple):
    """A page's title, its visible part as HTML, and notes of what was left out."""

    title: str
    html: str
    notes: tuple[str, ...]


def read_visible(html: str) -> VisiblePage:
    """The page as a browser with an ordinary screen shows it, parsed by the rules of browsers.

    Without comments and hidden elements, with a note of how much text they held. What a click on
    its summary shows, as in `details`, is kept.
    """
    if XHTML in html[:HEAD_CHARACTERS]:
        html = SELF_CLOSED.sub(r"<\1\2></\1>", html)
    visible = _read(html, with_sheets=True)
    if visible.html:
        return visible
    bare = _read(html, with_sheets=False)
    if bare.notes == visible.notes:
        return bare
    return bare._replace(notes=(*bare.notes, "style sheets that hide all of it not heeded"))


def _read(html: str, *, with_sheets: bool) -> VisiblePage:
    """The page, its HTML empty if style sheets hide all that is in it."""
    page = LexborHTMLParser(html)
    styles = PageStyles(page, with_sheets=with_sheets)
    title = page.css_first("title")
    words = " ".join(title.text().split()) if title else ""
    for node in page.css(NO_TEXT):
        if not _is_within_svg(node):
            node.decompose()
    eraser = _Eraser(page, styles)
    characters = eraser.erase()
    is_blank = with_sheets and styles.has_sheets and characters and not eraser.shows_anything
    hidden = (f"{characters} hidden characters left out",) if characters else ()
    return VisiblePage(words, "" if is_blank else page.html or "", hidden + styles.notes)


def _is_within_svg(node: LexborNode) -> bool:
    """A title or style of a drawing belongs to the drawing."""
    parent = node.parent
    for _ in range(DEEPEST_DRAWING):
        if parent is None or parent.tag == "svg":
            break
        parent = parent.parent
    return parent is not None and parent.tag == "svg"


class _Eraser:
    """Takes out of a page what does not show, whole elements where nothing in them shows."""

    def __init__(self, page: LexborHTMLParser, styles: PageStyles) -> None:
        self._page = page
        self._styles = styles
        self._first = Look(ground=None) if styles.has_linked else Look()
        self._looks: dict[int, Look] = {}
        self._known: dict[tuple[object, ...], Look] = {}
        self._live: set[int] = set()

    @property
    def shows_anything(self) -> bool:
        """Whether the page shows any text or picture."""
        return bool(self._live)

    def erase(self) -> int:
        """How many characters, white space aside, are gone."""
        root = self._page.root
        if root is None or root.parent is None:
            return 0
        nodes = list(root.parent.traverse(include_text=True))
        for node in nodes:
            self._look_at(node)
        for name in ("hidden", "style"):  # what makes Markdown of it would judge them again
            for node in self._page.css(f"[{name}]"):
                del node.attrs[name]
        return sum(map(self._erase, list(self._hidden(nodes))))

    def _look_at(self, node: LexborNode) -> None:
        around = self._looks.get(node.parent.mem_id, self._first) if node.parent else self._first
        if node.is_element_node:
            look = self._looks[node.mem_id] = self._look_within(around, node)
            is_seen = node.tag in PICTURES and look.shows_pictures
            if node.tag in PLAYED:
                is_seen, self._looks[node.mem_id] = look.shows_pictures, replace(look, is_gone=True)
        else:
            is_seen = around.shows_text and _is_text(node)
        at: LexborNode | None = node
        while is_seen and at is not None and at.mem_id not in self._live:
            self._live.add(at.mem_id)
            at = at.parent

    def _look_within(self, around: Look, node: LexborNode) -> Look:
        declared = self._styles.of.get(node.mem_id)
        is_coloured = node.mem_id in self._styles.coloured
        if not declared and not is_coloured:
            return around
        values = declared or {}
        key = (id(around), is_coloured, node.tag, *values.items())
        if key not in self._known:
            behind = replace(around, ground=None) if is_coloured else around
            self._known[key] = look_within(behind, node.tag or "", values)
        return self._known[key]

    def _hidden(self, nodes: list[LexborNode]) -> Iterator[LexborNode]:
        """What does not show, the outermost of each."""
        gone: set[int] = set()
        for node in nodes:
            if node.parent is not None and node.parent.mem_id in gone:
                gone.add(node.mem_id)
            elif self._is_hidden(node):
                gone.add(node.mem_id)
                yield node

    def _is_hidden(self, node: LexborNode) -> bool:
        if node.is_comment_node:
            return True
        if node.mem_id in self._live or node.parent is None:
            return False
        if node.is_text_node:
            return _is_text(node)
        return node.is_element_node and not self._looks[node.mem_id].shows_text

    def _erase(self, node: LexborNode) -> int:
        if node.is_comment_node:
            said = node.comment_content or ""
            node.remove()
            return 0 if said.startswith("?") else _count(said)  # as `<?xml version="1.0"?>`
        said = _words(node)
        node.replace_with(" ")
        return _count(said)


def _is_text(node: LexborNode) -> bool:
    return node.is_text_node and bool((node.text_content or "").strip())


def _words(node: LexborNode) -> str:
    pictures = [picture.attributes.get("alt") or "" for picture in node.css("img[alt]")]
    return " ".join([node.text(), *pictures])


def _count(text: str) -> int:
    return len("".join(text.split()))
