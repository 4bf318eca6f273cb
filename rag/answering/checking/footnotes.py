"""Footnotes: a model's text with the numbers of quotes in the place of its marks.

`[n]` in the text that leaves is citation number n. A statement that its evidence supports without a
mark gets one, and what other evidence says than it cites is cited to that.
"""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from rag.answering.checking.brackets import Labels, find_marks
from rag.answering.checking.citing import CitationList
from rag.answering.checking.judging import Checking, Judged, judge, judge_again
from rag.answering.checking.statements import Statement, StatementReader
from rag.domain import Answer, Passage, Sentence, Span
from rag.ports import Claim, Evidence, Quote
from rag.support.alignment import AlignedEvidence
from rag.text.normalization import LETTER_WITHOUT_SPACES

END = re.compile(r"(?:\s*\|)?[.!?…:;,。！？।]*[*_\"'”’»)]*\s*$")
"""What stands behind the last word of a sentence, and behind a mark that is put there."""
WORD = re.compile(r"\w")
SEVERAL_WORDS = re.compile(r"\w+\W+\w")


class Footnotes:
    """The text that leaves while the model's arrives, and what is said of its sentences.

    With `withholds` what no evidence supports is left out, and so are headings with nothing below.
    """

    def __init__(
        self,
        passages: Sequence[Passage],
        citations: CitationList,
        checking: Checking,
        *,
        question: str,
    ) -> None:
        self.text = ""
        self.sentences: list[Sentence] = []
        self.withheld: list[Sentence] = []
        self.checked_by = checking.checker.name
        self._passages = passages
        self._citations = citations
        self._checking = checking
        self._question = question
        self._evidence = [evidence_of(passage) for passage in passages]
        self._aligned = AlignedEvidence(self._evidence)
        self._reader = StatementReader(Labels(len(passages)))
        self._shown = 0
        self._adds_marks = True
        self._written: list[Judged] = []
        self._waiting: list[Judged] = []
        self._unread: list[Statement] = []
        self._gap = ""

    async def prepare(self) -> None:
        """Read the evidence, while the model is still thinking."""
        await self._checking.checker.check([Claim(self._question)], self._evidence)

    async def write(self, text: str) -> str:
        """What may leave once this much more of the model's text is there.

        Where a second checker decides what is withheld, that is nothing before the end.
        """
        statements = self._reader.feed(text)
        if not self._checking.withholds:
            written = await self._write_all(statements)
            more = self._reader.certain[self._shown :]
            self._shown += len(more)
            return written + more
        if self._checking.second is None:
            return await self._write_all(statements)
        self._unread += statements
        return ""

    async def finish(self) -> str:
        """The rest at the end of the model's text."""
        written = await self._write_all([*self._unread, *self._reader.finish()])
        if not self._checking.withholds:
            again = await self._judge_again(self._written)
            self.sentences = [
                _sentence(each, sentence.text, sentence.span.start, sentence.citations)
                for each, sentence in zip(again, self.sentences, strict=True)
            ]
        return written

    async def break_off(self) -> str:
        """The rest of a text that has no end, to which no marks are added."""
        self._adds_marks = False
        return await self._write_all([*self._unread, *self._reader.finish()])

    async def _write_all(self, statements: Sequence[Statement]) -> str:
        if not statements:
            return ""
        checker, question = self._checking.checker, self._question
        judged = await judge(statements, self._evidence, checker=checker, question=question)
        if self._checking.withholds:
            judged = await self._judge_again(judged)
        before, shown, self._shown = len(self.text), self._shown, 0
        for each in judged:
            self._take(each)
        return self.text[before + shown :]

    async def _judge_again(self, judged: Sequence[Judged]) -> list[Judged]:
        again, self.checked_by = await judge_again(
            judged, self._evidence, checking=self._checking, question=self._question
        )
        return again

    def _take(self, judged: Judged) -> None:
        """Write a statement, or leave it out; what leads to statements waits for the first."""
        statement, verdict = judged.statement, judged.judgement.verdict
        if statement.kind == "note":
            return
        if not self._checking.withholds:
            self._write(judged)
        elif statement.kind != "statement":
            self._waiting.append(judged)
        elif verdict == "supported":
            for each in self._waiting:
                self._write(each)
            self._write(judged, gap=self._gap)
            self._waiting.clear()
            self._gap = ""
        else:
            self._gap = self._gap or statement.before
            self.withheld.append(_sentence(judged, statement.raw, 0, ()))

    def _write(self, judged: Judged, *, gap: str = "") -> None:
        """Put a statement behind the text, after the line break of one that was left out."""
        raw, cited = self._render(judged)
        before = judged.statement.before
        if "\n" in gap and "\n" not in before:
            before = gap
        self.text += before.lstrip() if self._checking.withholds and not self.text else before
        if judged.statement.kind != "blank":
            self._written.append(judged)
            self.sentences.append(_sentence(judged, raw, len(self.text), cited))
        self.text += raw

    def _render(self, judged: Judged) -> tuple[str, tuple[int, ...]]:
        """A statement as it leaves, and the citations of its marks."""
        statement, judgement = judged.statement, judged.judgement
        is_carried = statement.kind == "statement" and judgement.verdict == "supported"
        if is_carried and (judged.is_moved or (self._adds_marks and not statement.marks)):
            return self._render_carried(judged)
        written, end = "", 0
        cited: list[int] = []
        if judgement.verdict == "differs" and not statement.marks:
            cited = [self._place(quote) for quote in judgement.quotes[:1]]
        for place, mark in enumerate(statement.marks):
            targets = [] if statement.kind == "blank" else self._targets(judged, place)
            between = statement.raw[end : mark.span.start]
            is_repeated = cited[-1:] == targets and not between.strip()
            numbers = "" if is_repeated else "".join(f"[{index + 1}]" for index in targets)
            written += between if numbers else between.rstrip(" ")
            written += numbers
            cited += targets
            end = mark.span.end
        return written + statement.raw[end:], tuple(dict.fromkeys(cited))

    def _render_carried(self, judged: Judged) -> tuple[str, tuple[int, ...]]:
        """A statement with marks for the quotes that carry it alone."""
        raw = judged.statement.raw
        for mark in reversed(judged.statement.marks):
            raw = (raw[: mark.span.start].rstrip() + raw[mark.span.end :]).lstrip()
        cited = dict.fromkeys(self._place(quote) for quote in judged.judgement.quotes)
        if raw.startswith(("```", "~~~")):
            return raw, tuple(cited)
        end = END.search(raw)
        at = end.start() if end else len(raw)
        space = "" if LETTER_WITHOUT_SPACES.fullmatch(raw[at - 1 : at]) else " "
        numbers = "".join(f"[{index + 1}]" for index in cited)
        return raw[:at] + (space + numbers if numbers else "") + raw[at:], tuple(cited)

    def _targets(self, judged: Judged, place: int) -> list[int]:
        """The citations of one mark: for each passage that it names the quote for its claim."""
        statement = judged.statement
        said = _claim_of(statement, place)
        carrying = {quote.evidence: quote for quote in reversed(judged.judgement.quotes)}
        return [
            self._place(
                carrying[index]
                if said == statement.text and index in carrying
                else Quote(index, self._aligned.best_quote(said, index))
            )
            for index in statement.marks[place].evidence
        ]

    def _place(self, quote: Quote) -> int:
        """The index of the citation of a quote from one of the passages."""
        passage = self._passages[quote.evidence]
        at = passage.span.start
        span = Span(at + quote.span.start, at + quote.span.end)
        return self._citations.place(passage.document, span)


def marks_of(answer: Answer) -> Iterator[tuple[Span, int]]:
    """The marks in an answer's text, each with the index of its citation."""
    labels = Labels(len(answer.citations))
    for sentence in answer.sentences:
        for mark in find_marks(sentence.text, labels):
            start = sentence.span.start + mark.span.start
            for index in mark.evidence:
                if index in sentence.citations:
                    yield Span(start, sentence.span.start + mark.span.end), index


def evidence_of(passage: Passage) -> Evidence:
    """A passage as claims are held against it."""
    return Evidence(passage.text, passage.document.title, passage.heading)


def _claim_of(statement: Statement, place: int) -> str:
    """What a mark is put behind: the part of its statement since the marks before it.

    The whole statement where all its marks stand together, and in a table the row.
    """
    marks = statement.marks
    gaps = [statement.raw[first.span.end : second.span.start] for first, second in pairwise(marks)]
    parts = [n for n, gap in enumerate(gaps, 1) if WORD.search(gap)]
    if not parts or statement.raw.startswith("|"):
        return statement.text
    start = max((n for n in parts if n <= place), default=0)
    said = statement.raw[marks[start - 1].span.end if start else 0 : marks[start].span.start]
    return said.strip() if SEVERAL_WORDS.search(said) else statement.text


def _sentence(judged: Judged, raw: str, start: int, cited: tuple[int, ...]) -> Sentence:
    judgement = judged.judgement
    is_checked = judged.statement.kind == "statement"
    return Sentence(
        span=Span(start, start + len(raw)),
        text=raw,
        verdict=judgement.verdict,
        citations=cited,
        score=judgement.score if is_checked else None,
        reasons=judgement.reasons,
    )
