"""Samples, hits, answers and observations with only what a test is about."""

from collections.abc import Sequence

from evals.observing import CitationCheck, Missing, Observation
from evals.samples.locating import Location, Lost, Target
from evals.samples.sample import Kind, Sample
from rag.domain import (
    Answer,
    Chunk,
    Citation,
    DocumentRef,
    Fingerprint,
    Hit,
    Message,
    Passage,
    SearchResult,
    Span,
    Status,
)

DOCUMENT = DocumentRef("d", "v", "d.md", "D")
FINGERPRINT = Fingerprint("0", "", "", 0, "e", "c", "r", "", "", 0.3, 6000, 10, "small@1")


def make_sample(
    reference: str = "26 weeks.", kind: Kind = "answerable", tags: tuple[str, ...] = ()
) -> Sample:
    """A sample about parental leave; its evidence is given by the observation's targets."""
    question = (Message("user", "parental leave"),)
    return Sample("leave-1", question, reference, kind, (), tags, critical=False)


def make_hit(start: int, end: int, version: str = "v") -> Hit:
    """A hit over these characters."""
    chunk = Chunk(f"{version}-{start}", "d", Span(start, end), "x" * (end - start))
    return Hit(chunk, DocumentRef("d", version, "d.md", "D"), 1.0, {})


def make_target(start: int, end: int, version: str = "v") -> Target:
    """Evidence at these characters."""
    return Target((Location(version, Span(start, end)),), end - start)


GONE = Target((), 100, (Lost("gone.md", "the release holds no source 'gone.md'"),))


def make_search(hits: Sequence[Hit] = (), passages: Sequence[Passage] = ()) -> SearchResult:
    """A search that took five milliseconds."""
    return SearchResult(
        *("parental leave", "small", 1, "hybrid", 0.9, tuple(hits)),
        passages=tuple(passages),
        timings_ms={"candidates": 4.0, "hits": 1.0},
    )


def make_answer(
    text: str = "It is 26 weeks.",
    status: Status = "answered",
    cited: Sequence[tuple[int, int]] = (),
    contexts: Sequence[str] = ("first", "second", "third"),
) -> Answer:
    """An answer that cites these spans of the document and was made from these passages."""
    return Answer(
        id="a",
        status=status,
        text=text,
        search=make_search(
            passages=[Passage(DOCUMENT, Span(0, 1), t, None, (), 1.0) for t in contexts]
        ),
        generator="extractive",
        citations=tuple(
            Citation(n, "", DOCUMENT, 1, None, Span(*span)) for n, span in enumerate(cited, 1)
        ),
        sentences=(),
        fingerprint=FINGERPRINT,
        trace_id="t",
    )


def make_observation(
    targets: Sequence[Target] = (),
    hits: Sequence[Hit] | Missing = (),
    answer: Answer | Missing | None = None,
    checks: tuple[CitationCheck, ...] = (),
) -> Observation:
    """What a system did that found these hits and gave this answer."""
    return Observation(
        tuple(targets),
        hits if isinstance(hits, Missing) else make_search(hits),
        answer or make_answer(),
        answer_ms=20.0,
        citation_checks=checks,
    )
