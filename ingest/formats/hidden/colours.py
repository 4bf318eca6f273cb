"""The colours of web pages, and whether text in one can be told from the ground behind it."""

from functools import lru_cache

from tinycss2 import color4  # type: ignore[import-untyped]  # ships no types

Rgb = tuple[float, float, float]
Ink = tuple[Rgb, float]  # a colour and its opacity

WHITE: Rgb = (1.0, 1.0, 1.0)  # red, green, blue and opacity, from 0 to 1
BLACK: Ink = ((0.0, 0.0, 0.0), 1.0)  # as above
# Contrast as WCAG defines it, 1 to 21. It asks for 4.5; what design systems print palest, disabled
# labels of #ccc on white, has 1.6; #eee on white has 1.16.
LEAST_CONTRAST = 1.2
# Black on white at this opacity has a contrast of 1.12.
LEAST_OPACITY = 0.05
# Pages use a few dozen colours; those of more are worked out again.
KNOWN_COLOURS = 2_000


@lru_cache(KNOWN_COLOURS)
def read_colour(value: str) -> Ink | None:
    """A colour as style sheets write it, or None for one that cannot be told."""
    found = color4.parse_color(value)
    if found is None or isinstance(found, str):
        return None
    try:
        red, green, blue = found.to("srgb").coordinates
    except NotImplementedError:  # a space that the library cannot convert
        return None
    return (red, green, blue), found.alpha


@lru_cache(KNOWN_COLOURS)
def is_faint(ink: Ink | None, opacity: float, ground: Rgb | None) -> bool:
    """Whether text cannot be read on its ground; where either is not known, it can."""
    if ink is None:
        return False
    colour, alpha = ink
    if alpha < LEAST_OPACITY or ground is None:
        return alpha < LEAST_OPACITY
    seen = mixed(colour, alpha * opacity, ground)
    low, high = sorted((_luminance(seen), _luminance(ground)))
    return (high + 0.05) / (low + 0.05) < LEAST_CONTRAST


def mixed(colour: Rgb, share: float, ground: Rgb) -> Rgb:
    """What is seen of a colour laid over another."""
    red, green, blue = (share * a + (1 - share) * b for a, b in zip(colour, ground, strict=True))
    return red, green, blue


def _luminance(colour: Rgb) -> float:
    """Relative luminance, 0 to 1, by the formula of WCAG 2.2."""
    red, green, blue = (
        share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in colour
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
