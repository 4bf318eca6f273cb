"""Addresses in text: of the web, of mail, and what browsers take for one."""

import re
from collections.abc import Iterable

from rag.text.normalization import HAN, HIRAGANA, KATAKANA, MYANMAR_AND_KHMER, THAI_AND_LAO

LONGEST = 2000
"""Characters of a word without a space; browsers and servers take no longer addresses."""
UNSPACED = (
    HAN + HIRAGANA + KATAKANA + THAI_AND_LAO + MYANMAR_AND_KHMER + "\u3000-\u303f\uff00-\uffef"
)
"""Letters and signs that stand beside words without a space, inside brackets of a pattern."""
TAIL = rf"[^\s<>\"`\[\]|{UNSPACED}]*+"
DOMAINS = (
    "com|net|org|info|biz|edu|gov|mil|io|ai|dev|xyz|online|site|website|click|shop|example|onion"
)
"""Ends of names that some clients link without a scheme; two letters end file names as well."""
WORD = r"0-9A-Za-z_\u00c0-\u0dff\u0f00-\u0fff\u10a0-\u177f\u1e00-\u1fff\uac00-\ud7a3"
"""Letters of words with spaces between, inside brackets of a pattern."""
ADDRESS = (
    r"(?:(?:https?|ftp):[/\\]+" + TAIL + r"|(?<![A-Za-z0-9])(?:[A-Za-z][A-Za-z0-9+.-]{1,20}+://"
    r"|(?:(?:java|vb|live)script|view-source|file|blob|mailto|tel|sms):(?=\S)|data:(?=[\w-]+/|[;,])"
    rf"|www\.(?=\S)){TAIL}"
    rf"|(?<![{WORD}.+%-])[{WORD}.+%-]++@[{WORD}-]+(?:\.[{WORD}-]+)+"
    rf"|(?<![{WORD}.-])(?:[{WORD}.-]*\.[A-Za-z]{{2,24}}|\d{{1,3}}(?:\.\d{{1,3}}){{3}})(?::\d{{1,5}})?/"
    rf"(?=[{WORD}?#%]){TAIL}"
    rf"|(?<![{WORD}.-])[{WORD}.-]*[{WORD}-]\.(?:{DOMAINS})(?![{WORD}-])(?:[:?#][{WORD}]{TAIL})?)"
)
FOUND = re.compile(ADDRESS, re.I)
QUERY = re.compile(r"[?#]")
CLOSING = ".,;:!?'*_~)}»”’"


def trim_address(found: str) -> str:
    """An address without the punctuation behind it; a bracket that it opens it may close."""
    end = len(found)
    while end and found[end - 1] in CLOSING:
        if found[end - 1] == ")" and found.count("(", 0, end) >= found.count(")", 0, end):
            break
        end -= 1
    return found[:end]


def addresses_in(texts: Iterable[str]) -> frozenset[str]:
    """Every address that stands in `texts`, in lower case."""
    return frozenset(
        trim_address(found.group()).lower() for text in texts for found in FOUND.finditer(text)
    )


def known_part(address: str, known: frozenset[str]) -> str:
    """As much of an address as is known: all, or what stands before its query; else nothing."""
    for part in (address, QUERY.split(address)[0], address.removeprefix("mailto:")):
        if part.lower() in known:
            return part
    return ""
