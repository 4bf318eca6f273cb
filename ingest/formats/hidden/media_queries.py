"""Which conditions of style sheets hold on an ordinary screen."""

import re

# The ordinary screen for which conditions are judged: the commonest of small laptops.
SCREEN = {"width": 1280.0, "height": 800.0}

# A chosen bound, several times what people write.
LONGEST_QUERY_CHARACTERS = 1000
SHOWN_MEDIA = re.compile(r"(?:only )?(?:all|screen)?(?: ?(?:\band ?)?\([^()]*\))*", re.I)
FEATURE = re.compile(r"\(\s*([^():]*?)\s*(?::\s*([\d.]+)(px|em|rem)\s*)?\)")


def is_shown(media: str) -> bool:
    """Whether any of the queries, as `print, (min-width: 600px)`, holds on an ordinary screen."""
    queries = " ".join(media.split())[:LONGEST_QUERY_CHARACTERS].split(",")
    return queries == [""] or any(_is_met(query.strip()) for query in queries)


def _is_met(query: str) -> bool:
    return bool(SHOWN_MEDIA.fullmatch(query)) and all(map(_has, FEATURE.findall(query)))


def _has(feature: tuple[str, str, str]) -> bool:
    """Whether the screen has a feature, as `min-width: 600px`; of others nothing is known."""
    name, number, unit = feature
    bound, _, side = name.lower().partition("-")
    if side not in SCREEN or not number.replace(".", "", 1).isdigit():
        return False
    size = float(number) * (1 if unit == "px" else 16)
    return SCREEN[side] >= size if bound == "min" else bound == "max" and SCREEN[side] <= size
