"""What the style sheets within a web page say of its elements: the cascade, in bounded work."""

import re
import time
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple  # tinycss2 ships no types

import cssselect
import tinycss2  # type: ignore[import-untyped]  # as above
from selectolax.lexbor import LexborHTMLParser

from ingest.formats.hidden.colours import read_colour
from ingest.formats.hidden.css_selectors import ElementFinder
from ingest.formats.hidden.media_queries import is_shown

# A twentieth of what a reader may take, 60 s; large saved pages take less than one.
MOST_SECONDS = 3.0
# The largest sheets of saved pages hold about a million characters, and a million take a second.
MOST_CHARACTERS = 2_000_000
# Sheets that people write nest three or four deep, and name fewer selectors in one rule.
DEEPEST_NESTING = 10
MOST_SELECTORS = 500
# Longer ones are pictures within the page.
LONGEST_VALUE_CHARACTERS = 1000
# What elements declare by name and attribute, which any style overrides. No browser that runs
# scripts shows the ones called gone.
GONE = (
    *("[hidden]", "[popover]", "dialog:not([open])", "datalist", "noembed", "noframes"),
    "noscript",
)
HINTS = (
    *((selector, "", "display", "none") for selector in GONE),
    ("[bgcolor]", "bgcolor", "background-color", ""),
    ("[background]", "", "background-image", "url()"),
    ("font[color]", "color", "color", ""),
    ("body[text]", "text", "color", ""),
    ("a[href]", "", "color", "#0000ee"),
    ("mark", "", "color", "black"),
    ("mark", "", "background-color", "yellow"),
)
OWN_COLOURS = "button, input, select, textarea"

ALIKE = {
    "overflow-x": "overflow",
    "overflow-y": "overflow",
    "-webkit-clip-path": "clip-path",
    "animation-name": "animation",
}
SIZE = re.compile(r"[-+]?[\d.]+[a-z%]*|auto|none|(?:min|max|fit)-content|[a-z-]+\(.*")
DRAWN = re.compile(r"none|auto|[-+]?[\d.]+.*|[a-z0-9-]+\(.*")
COLOUR = re.compile(r"currentcolor")
# What a browser would take for a value; it ignores all else, and what was said before holds.
TAKEN = {
    "display": re.compile(r"none|contents|.*(?:block|inline|flex|grid|table|list-item|root).*"),
    "visibility": re.compile(r"visible|hidden|collapse"),
    "content-visibility": re.compile(r"visible|auto|hidden"),
    "position": re.compile(r"static|relative|absolute|fixed|sticky"),
    "overflow": re.compile(r"(?:(?:visible|hidden|clip|scroll|auto) ?){1,2}"),
    "float": re.compile(r"left|right|none|inline-(?:start|end)"),
    "opacity": re.compile(r"[-+]?[\d.]+%?"),
    "font-size": re.compile(r"[\d.]+[a-z%]*|medium|(?:xx?-)?small(?:er)?|(?:x{1,3}-)?larger?"),
    **dict.fromkeys(("color", "background-color", "-webkit-text-fill-color"), COLOUR),
    **dict.fromkeys(("left", "right", "top", "bottom", "margin-left", "margin-top"), SIZE),
    **dict.fromkeys(("width", "height", "max-width", "max-height", "text-indent"), SIZE),
    **dict.fromkeys(("clip", "clip-path", "transform", "translate", "scale", "filter"), DRAWN),
    **dict.fromkeys(("text-shadow", "background-image", "animation"), re.compile(r".+")),
}
FROM_ELSEWHERE = re.compile(r"inherit|unset|initial|revert|revert-layer|.*var\(.*")
SIDES = ("top", "right", "bottom", "left")
FOUR = {1: (0, 0, 0, 0), 2: (0, 1, 0, 1), 3: (0, 1, 2, 1), 4: (0, 1, 2, 3)}


class Declarations(NamedTuple):
    """The values of properties that can hide text, and of those the ones marked important."""

    normal: dict[str, str]
    important: dict[str, str]


class _Rule(NamedTuple):
    weight: tuple[int, int, int]
    values: Declarations
    elements: list[int]


class PageStyles:
    """What is declared of the elements of a page, by their `mem_id`.

    `of` holds the values that win; `coloured` names the elements that a browser, or a style sheet
    that is not read, may give a ground of its own.
    """

    def __init__(self, page: LexborHTMLParser, *, with_sheets: bool = True) -> None:
        self.of: dict[int, dict[str, str]] = {}
        self.has_linked = page.css_first("link[rel~=stylesheet i]") is not None
        self.has_sheets = page.css_first("style") is not None
        self.is_cut = False
        self._ends = time.process_time() + MOST_SECONDS
        self._left = MOST_CHARACTERS
        self._inline: dict[str, Declarations] = {}
        rules = [*self._rules(page)] if with_sheets else []
        may_be = OWN_COLOURS + (", [class], [id]" if self.has_linked else "")
        self.coloured = {node.mem_id for node in page.css(may_be)}
        self._cascade(page, sorted(rules, key=lambda rule: rule.weight))

    @property
    def notes(self) -> tuple[str, ...]:
        """In words what was not read of them."""
        cut = ("some styles not read: too many or too complex",) if self.is_cut else ()
        linked = ("styles in linked style sheets not read",) if self.has_linked else ()
        return cut + linked

    def _cascade(self, page: LexborHTMLParser, rules: list[_Rule]) -> None:
        for selector, attribute, prop, value in HINTS:
            for node in page.css(selector):
                hint = value or (node.attributes.get(attribute) or "").lower()
                self._put([node.mem_id], {prop: hint})
        owned = [
            (node.mem_id, self._read_inline(node.attributes.get("style") or ""))
            for node in page.css("[style]")
        ]
        for rule in rules:
            self._put(rule.elements, rule.values.normal)
        for element, values in owned:
            self._put([element], values.normal)
        for rule in rules:
            self._put(rule.elements, rule.values.important)
        for element, values in owned:
            self._put([element], values.important)

    def _put(self, elements: list[int], values: dict[str, str]) -> None:
        if values:
            for element in elements:
                self.of.setdefault(element, {}).update(values)

    def _read_inline(self, style: str) -> Declarations:
        found = self._inline.get(style)
        if found is None:
            found = self._inline[style] = _declared(_contents(self._cut(style)))
        return found

    def _cut(self, text: str) -> str:
        """As much of a text as may still be read."""
        if time.process_time() > self._ends:
            self._left = 0
        kept = text[: self._left]
        self._left -= len(kept)
        self.is_cut |= len(kept) < len(text)
        return kept

    def _rules(self, page: LexborHTMLParser) -> Iterator[_Rule]:
        finder = ElementFinder(page)
        for sheet in page.css("style"):
            if not is_shown(sheet.attributes.get("media") or ""):
                continue
            text = self._cut(sheet.text())
            self.has_linked |= "@import" in text.lower()
            tree = tinycss2.parse_stylesheet(text, skip_comments=True, skip_whitespace=True)
            for selectors, declarations in _flatten(tree, [], 0):
                values = _declared(declarations)
                for selector in _compile(selectors) if any(values) else ():
                    if time.process_time() > self._ends:
                        self.is_cut = True
                        return
                    found = finder.find(selector.parsed_tree)
                    self.is_cut |= found is None
                    yield _Rule(selector.specificity(), values, found or [])


def _flatten(nodes: Any, around: list[str], depth: int) -> Iterator[tuple[list[str], list[Any]]]:
    """The rules of a sheet with their selectors, those within conditions and others too."""
    for node in nodes if depth <= DEEPEST_NESTING else ():
        if node.type == "qualified-rule":
            selectors = _nest(_split(node.prelude), around)
            contents = _contents(node.content)
            yield selectors, contents
            yield from _flatten(contents, selectors, depth + 1)
        elif node.type == "at-rule" and node.content and _holds(node):
            contents = _contents(node.content) if around else _list_rules(node.content)
            yield around, contents
            yield from _flatten(contents, around, depth + 1)


def _contents(source: Any) -> list[Any]:
    found: list[Any] = tinycss2.parse_blocks_contents(
        source, skip_comments=True, skip_whitespace=True
    )
    return found


def _list_rules(source: Any) -> list[Any]:
    found: list[Any] = tinycss2.parse_rule_list(source, skip_comments=True, skip_whitespace=True)
    return found


def _split(prelude: list[Any]) -> list[str]:
    parts: list[list[Any]] = [[]]
    for token in prelude:
        if token == ",":
            parts.append([])
        else:
            parts[-1].append(token)
    return [_text(part) for part in parts]


def _nest(inner: list[str], around: list[str]) -> list[str]:
    pairs = ((one, each) for one in around or [""] for each in inner)
    nested = (each.replace("&", one) if "&" in each else f"{one} {each}" for one, each in pairs)
    return [selector.strip() for selector, _ in zip(nested, range(MOST_SELECTORS), strict=False)]


def _text(tokens: Iterable[Any]) -> str:
    try:
        return " ".join(tinycss2.serialize(tokens).split())
    except RecursionError:  # brackets without end say nothing
        return ""


def _compile(selectors: list[str]) -> Iterator[cssselect.Selector]:
    """The selectors, or none of them where a browser would not take all of them."""
    try:
        found = [each for text in selectors for each in cssselect.parse(text)]
    except (cssselect.SelectorError, RecursionError):
        return
    yield from (selector for selector in found if not selector.pseudo_element)


def _holds(rule: Any) -> bool:
    """Whether the condition of `@media` or `@supports` holds on an ordinary screen."""
    prelude = _text(rule.prelude)
    if rule.lower_at_keyword == "media":
        return is_shown(prelude)
    is_refused = rule.lower_at_keyword == "supports" and prelude.lower().startswith("not")
    return rule.lower_at_keyword in ("supports", "layer") and not is_refused


def _declared(contents: list[Any]) -> Declarations:
    found = Declarations({}, {})
    for declaration in contents:
        if declaration.type == "declaration":
            values = found.important if declaration.important else found.normal
            values.update(_expand(declaration.name, declaration.value))
    return found


def _expand(name: str, tokens: list[Any]) -> Iterator[tuple[str, str]]:
    """The properties that a declaration sets, if they can hide text and it can be understood."""
    value = _text(tokens).lower()[:LONGEST_VALUE_CHARACTERS]
    if name.startswith("--"):
        yield name, value
        return
    name = ALIKE.get(name.lower(), name.lower())
    if name in TAKEN:
        if _is_taken(TAKEN[name], value):
            yield name, value
    elif name == "background":
        yield from _expand_background(tokens, value)
    elif name in ("margin", "inset"):
        yield from _expand_sides(name, value.split())
    elif name == "font":
        sizes = [part.partition("/")[0] for part in value.split()]
        yield from (("font-size", size) for size in sizes if TAKEN["font-size"].fullmatch(size))


def _is_taken(pattern: re.Pattern[str], value: str) -> bool:
    if pattern.fullmatch(value) or FROM_ELSEWHERE.fullmatch(value):
        return True
    return pattern is COLOUR and read_colour(value) is not None


def _expand_background(tokens: list[Any], value: str) -> Iterator[tuple[str, str]]:
    words = (_text([token]).lower() for token in tokens)
    colours = [word for word in words if read_colour(word)]
    pictured = "url(" in value or "gradient(" in value or "image" in value
    yield "background-image", value if pictured else "none"
    yield "background-color", value if "var(" in value else (colours or ["transparent"])[-1]


def _expand_sides(name: str, values: list[str]) -> Iterator[tuple[str, str]]:
    prefix = "margin-" if name == "margin" else ""
    for side, at in zip(SIDES, FOUR.get(len(values), ()), strict=False):
        yield prefix + side, values[at]
