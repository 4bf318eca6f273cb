"""HTML tags and comments left out of text while it streams."""

import re

BLOCKS = (
    "address|article|aside|blockquote|body|br|caption|center|dd|details|dialog|div|dl|dt|figcaption"
    "|figure|footer|form|h[1-6]|head|header|hr|html|iframe|li|main|nav|ol|option|p|pre|script"
    "|section|select|style|summary|table|tbody|td|tfoot|th|thead|title|tr|ul"
)
INLINES = (
    "a|abbr|audio|b|base|bdi|bdo|big|button|cite|code|data|del|dfn|em|embed|font|i|img|input|ins"
    "|kbd|label|link|map|area|mark|math|meta|meter|noscript|object|param|picture|progress|q|rp|rt"
    "|ruby|s|samp|slot|small|source|span|strike|strong|sub|sup|svg|template|textarea|time|track|tt"
    "|u|var|video|wbr|canvas|frame|frameset|marquee|portal|applet"
)
ATTRIBUTES = r"(?:[\s/][^<>]{0,300})?"
TAG = re.compile(rf"</?(?:(?P<block>{BLOCKS})|{INLINES}){ATTRIBUTES}>|<!--[^<>]{{0,300}}-->", re.I)
OPEN_TAG = re.compile(
    rf"<(?:[/!]?[A-Za-z0-9]{{0,12}}|/?(?:{BLOCKS}|{INLINES})[\s/][^<>]{{0,300}}"
    r"|!-{1,2}[^<>]{0,302}>?)\Z",
    re.I,
)


class TagFilter:
    """Leaves out whole tags of HTML; a block's leaves a space."""

    def __init__(self) -> None:
        self._held = ""

    def feed(self, piece: str) -> str:
        """What is settled after `piece`."""
        text = self._held + piece
        unfinished = OPEN_TAG.search(text, max(0, text.rfind("<")))
        end = unfinished.start() if unfinished else len(text)
        self._held = text[end:]
        return TAG.sub(_gap, text[:end])

    def finish(self) -> str:
        """What was held back at the end."""
        held, self._held = self._held, ""
        return TAG.sub(_gap, held)


def _gap(tag: re.Match[str]) -> str:
    return " " if tag["block"] else ""
