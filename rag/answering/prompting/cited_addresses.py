"""Addresses in a model's text stay only where the passage that is cited there has them.

So a document that tells a model to send its readers somewhere cannot: what it orders cites nothing.
"""

import re
from collections.abc import Sequence

from rag.outgoing.addresses import FOUND, addresses_in, trim_address
from rag.outgoing.cleaning import REMOVED

CITATION = re.compile(r"[\[【]\^?\s*(\d{1,3}(?:\s*[,;–-]\s*\d{1,3})*)\s*[\]】]")
LINE_END = re.compile(r"\n")
NUMBER = re.compile(r"\d+")
FENCE = "```"
WITHIN = 1000  # chosen: a citation further behind an address is of something else


class AddressFilter:
    """Takes out of clean text the addresses that no citation behind them on their line bears out.

    In fenced code the next citation is that of the code. What `question` names stays.
    """

    def __init__(self, passages: Sequence[str], question: str) -> None:
        self._cited = [addresses_in([passage]) for passage in passages]
        self._asked = addresses_in([question])
        self._held = ""
        self._fences = 0

    def feed(self, piece: str) -> str:
        """What is settled after `piece`."""
        return self._settle(self._held + piece, is_last=False)

    def finish(self) -> str:
        """What was held back at the end."""
        return self._settle(self._held, is_last=True)

    def _settle(self, text: str, *, is_last: bool) -> str:
        shown, at = "", 0
        while found := FOUND.search(text, at):
            address = trim_address(found.group())
            start, end = found.start(), found.start() + len(address)
            fences = self._fences + text.count(FENCE, at, start)
            basis = self._basis(text, end, is_code=fences % 2 == 1)
            if basis is None and not is_last and len(text) - end < WITHIN:
                held = start - (text[start - 1 : start] == "`")
                self._fences += text.count(FENCE, at, held)
                self._held = text[held:]
                return shown + text[at:held]
            if address.lower() in (basis or self._asked):
                shown += text[at:end]
            else:
                is_quoted = text[start - 1 : start] == "`" == text[end : end + 1]
                shown += text[at : start - is_quoted] + REMOVED
                end += is_quoted
            self._fences, at = fences, end
        self._fences += text.count(FENCE, at)
        self._held = ""
        return shown + text[at:]

    def _basis(self, text: str, end: int, *, is_code: bool) -> frozenset[str] | None:
        """The addresses that may stand there, None where more text may tell."""
        limit = len(text)
        if not is_code and (line_end := LINE_END.search(text, end)):
            limit = line_end.start()
        cited = CITATION.search(text, end, min(limit, end + WITHIN))
        if cited is None:
            return self._asked if limit < len(text) else None
        numbers = [int(number) for number in NUMBER.findall(cited[1])]
        ranges = range(min(numbers), max(numbers) + 1)
        known = [self._cited[n - 1] for n in ranges if 0 < n <= len(self._cited)]
        return self._asked.union(*known)
