"""How the text of a web page's element looks, from its styles and those around it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from ingest.formats.hidden.colours import (
    BLACK,
    LEAST_OPACITY,
    WHITE,
    Ink,
    Rgb,
    is_faint,
    mixed,
    read_colour,
)

Style = Mapping[str, str]

# Small print goes down to 5 px; 1.5 pt is the smallest that Word lets through, see `hidden_runs`.
TINY_PX = 2.0
# No column of text is wider, so what begins this far outside ends outside.
OFF_SCREEN_PX = 960.0
# Carousels shift what they show by several screens; what hides text goes 9,999 px.
FAR_AWAY_PX = 9_000.0
# Boxes of one pixel are how text is kept for screen readers alone.
NO_SIZE_PX = 1.0
MEDIUM_PX = 16.0
PERCENT_PX = 12.8  # of the ordinary screen, 1,280 px wide
FONT_SIZES = {
    "xx-small": 9.0,
    "x-small": 10.0,
    "small": 13.0,
    "medium": 16.0,
    "large": 18.0,
    "x-large": 24.0,
    "xx-large": 32.0,
    "xxx-large": 48.0,
}
UNITS = {
    "": 1.0,
    "px": 1.0,
    "pt": 4 / 3,
    "pc": 16.0,
    "in": 96.0,
    "cm": 37.8,
    "mm": 3.78,
    "rem": MEDIUM_PX,
    "%": PERCENT_PX,
    "vw": PERCENT_PX,
    "vh": 8.0,
}
PER_FONT = {"em": 1.0, "ex": 0.5, "ch": 0.5}
LENGTH = re.compile(r"([-+]?(?:\d{1,9}(?:\.\d{0,9})?|\.\d{1,9}))([a-z%]{0,4})")
FUNCTION = re.compile(r"([a-z0-9-]{1,20})\(([^()]{0,300})\)")
VARIABLE = re.compile(r"var\(\s*(--[\w-]+)\s*(?:,\s*([^()]*))?\)")
# People nest two or three variables in a value; endless ones stop here.
MOST_FILLINGS = 20
LONGEST_VALUE_CHARACTERS = 1000
UNSET = ("inherit", "unset", "revert", "revert-layer")
INLINE = frozenset(
    {"a", "abbr", "b", "bdi", "bdo", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd"}
    | {"label", "mark", "q", "s", "samp", "small", "span", "strong", "sub", "sup", "time", "u"}
    | {"var"}
)


@dataclass(frozen=True, slots=True)
class Look:
    """How text looks; a colour or ground that cannot be told is None."""

    is_gone: bool = False
    is_invisible: bool = False
    font_px: float = MEDIUM_PX
    indent_px: float = 0.0
    opacity: float = 1.0
    ink: Ink | None = BLACK
    ground: Rgb | None = WHITE
    variables: Style = field(default_factory=dict)

    @property
    def shows_pictures(self) -> bool:
        """Whether pictures here can be seen."""
        return not (self.is_gone or self.is_invisible)

    @property
    def shows_text(self) -> bool:
        """Whether text here can be seen."""
        is_placed = self.font_px > TINY_PX and self.indent_px > -OFF_SCREEN_PX
        is_seen = self.shows_pictures and is_placed
        return is_seen and not is_faint(self.ink, self.opacity, self.ground)


def look_within(around: Look, tag: str, declared: Style) -> Look:
    """How text looks in an element with these styles that stands in another."""
    style = _Style(around, declared)
    font_px = style.font_px(around.font_px)
    opacity = around.opacity * style.opacity()
    boxed = style.get("position") in ("absolute", "fixed")
    return replace(
        around,
        is_gone=around.is_gone
        or opacity < LEAST_OPACITY
        or style.is_removed()
        or style.is_outside(font_px)
        or ((boxed or not style.is_inline(tag)) and style.is_without_size(font_px))
        or (boxed and style.is_clipped()),
        is_invisible=style.is_invisible(around.is_invisible),
        font_px=font_px,
        indent_px=style.length("text-indent", font_px, around.indent_px),
        opacity=opacity,
        ink=style.ink(around.ink),
        ground=style.ground(None if boxed else around.ground),
        variables=style.variables,
    )


class _Style:
    """The values that an element declares, its variables filled in."""

    def __init__(self, around: Look, declared: Style) -> None:
        own = {name: value for name, value in declared.items() if name.startswith("--")}
        self.variables: Style = {**around.variables, **own} if own else around.variables
        self._declared = declared

    def get(self, name: str, initial: str = "") -> str:
        """The value of a property, "" where it declares none or takes what is around it."""
        value = self._declared.get(name, "")
        if "var(" in value:
            value = self._fill(value)
        return "" if value in UNSET else initial if value == "initial" else value

    def _fill(self, value: str) -> str:
        for _ in range(MOST_FILLINGS):
            match = VARIABLE.search(value[:LONGEST_VALUE_CHARACTERS])
            if match is None:
                break
            filling = self.variables.get(match.group(1), match.group(2) or "")
            value = value[: match.start()] + filling + value[match.end() :]
        return value.strip()

    def length(self, name: str, font_px: float, otherwise: float) -> float:
        """A length in pixels, or `otherwise` where it cannot be told."""
        value = self.get(name)
        found = _pixels(value, font_px) if value else None
        return otherwise if found is None else found

    def font_px(self, around: float) -> float:
        value = self.get("font-size", "medium")
        if value in ("smaller", "larger"):
            return around * (1.2 if value == "larger" else 1 / 1.2)
        match = LENGTH.fullmatch(value)
        if match and match.group(2) == "%":
            return around * float(match.group(1)) / 100
        found = FONT_SIZES.get(value, _pixels(value, around) if value else around)
        return around if found is None else found

    def opacity(self) -> float:
        if self.get("animation", "none") not in ("", "none"):
            return 1.0  # what fades in begins with none
        shares = [self.get("opacity"), *_arguments(self.get("filter"), "opacity")]
        product = 1.0
        for share in filter(None, map(LENGTH.fullmatch, shares)):
            product *= min(1.0, float(share.group(1)) / (100 if share.group(2) == "%" else 1))
        return max(0.0, product)

    def is_removed(self) -> bool:
        return self.get("display") == "none" or self.get("content-visibility") == "hidden"

    def is_invisible(self, otherwise: bool) -> bool:
        value = self.get("visibility", "visible")
        return value in ("hidden", "collapse") if value else otherwise

    def is_inline(self, tag: str) -> bool:
        display = self.get("display")
        is_floating = self.get("float") in ("left", "right")
        return not is_floating and (display == "inline" or (not display and tag in INLINE))

    def is_without_size(self, font_px: float) -> bool:
        if self.get("overflow", "visible") in ("", "visible"):
            return False
        names = ("height", "width", "max-height", "max-width")
        return any(self.length(name, font_px, NO_SIZE_PX + 1) <= NO_SIZE_PX for name in names)

    def is_clipped(self) -> bool:
        for corners in _arguments(self.get("clip"), "rect"):
            edges = [_pixels(edge, 0) for edge in corners.replace(",", " ").split()]
            if len(edges) == 4 and None not in edges:
                top, right, bottom, left = (edge or 0.0 for edge in edges)
                return right - left <= NO_SIZE_PX or bottom - top <= NO_SIZE_PX
        return False

    def is_outside(self, font_px: float) -> bool:
        """Whether it is moved off the screen, or drawn with no size or area."""
        return self._is_moved_away(font_px) or self._is_transformed_away(font_px) or self._is_cut()

    def _is_moved_away(self, font_px: float) -> bool:
        reach = max(OFF_SCREEN_PX, self.length("width", font_px, 0.0))
        sides = {name: self.length(name, font_px, 0.0) for name in ("left", "top")}
        is_placed = self.get("position", "static") not in ("", "static")
        margins = [self.length(name, font_px, 0.0) for name in ("margin-left", "margin-top")]
        if any(margin <= -reach for margin in margins):
            return True
        beyond = min(self.length(name, font_px, 0.0) for name in ("right", "bottom"))
        is_far = min(*sides.values()) <= -reach or max(*sides.values(), -beyond) >= FAR_AWAY_PX
        return is_placed and is_far

    def _is_transformed_away(self, font_px: float) -> bool:
        calls = FUNCTION.findall(self.get("transform"))
        calls += [(name, self.get(name)) for name in ("translate", "scale")]
        for name, arguments in calls:
            values = [_pixels(each, font_px) for each in arguments.replace(",", " ").split()[:2]]
            sizes = [abs(value) for value in values if value is not None]
            if name.startswith("translate") and max(sizes, default=0) >= FAR_AWAY_PX:
                return True
            if name.startswith("scale") and min(sizes, default=1) < LEAST_OPACITY:
                return True
        return False

    def _is_cut(self) -> bool:
        for name, arguments in FUNCTION.findall(self.get("clip-path")):
            numbers = [number for number, _ in LENGTH.findall(arguments)]
            percent = LENGTH.match(arguments.strip())
            if name == "inset" and percent and percent.group(2) == "%":
                return float(percent.group(1)) >= 50
            if name in ("circle", "ellipse") and numbers:
                return float(numbers[0]) == 0
            if name == "polygon":
                return len({point.strip() for point in arguments.split(",")}) < 3
        return False

    def ink(self, around: Ink | None) -> Ink | None:
        if self.get("text-shadow", "none") not in ("", "none"):
            return None
        value = self.get("-webkit-text-fill-color") or self.get("color", "black")
        return read_colour(value) if value and value != "currentcolor" else around

    def ground(self, behind: Rgb | None) -> Rgb | None:
        if self.get("background-image", "none") not in ("", "none"):
            return None
        value = self.get("background-color", "transparent") or "transparent"
        found = read_colour(value)
        if found is None:
            return None
        colour, alpha = found
        return colour if alpha == 1 else behind and mixed(colour, alpha, behind)


def _arguments(value: str, function: str) -> list[str]:
    return [arguments.strip() for name, arguments in FUNCTION.findall(value) if name == function]


def _pixels(value: str, font_px: float) -> float | None:
    match = LENGTH.fullmatch(value)
    if match is None:
        return None
    number, unit = match.groups()
    scale = PER_FONT[unit] * font_px if unit in PER_FONT else UNITS.get(unit)
    return None if scale is None else float(number) * scale
