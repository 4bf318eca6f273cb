"""Chunks are exact spans that cover all text, follow its structure and fit the window."""

import random
import time

import pytest

from ingest.text.chunking import (
    TARGET_CHARACTERS,
    Draft,
    draft_chunks,
    fit_window,
    make_chunks,
)
from rag.adapters.memory.release import HashingEmbedder
from rag.domain import Page, Span

PIECES = [
    *(
        "word",
        "naïve",
        "日本語の文。",
        "العربية",
        "👩‍👩‍👧",
        "e\u0301",
        "x" * 900,
        "1.",
        "e.g.",
        "\u00a0",
    ),
    *(" ", "  ", "\t", "\n", "\r\n", "\r", "\n\n", "\r\n\r\n", "\x0b", "\x0c", "\u2028"),
    *(". ", "! ", "? ", "\n# Heading\n", "\n## Sub ##\n", "\nTitle\n=====\n", "\nTwo\n---\n"),
    *(
        "\n- item",
        "\n1. first",
        "\n| a | b |",
        "\n|---|---|",
        "\n```\ncode\n",
        "\n> quote\n",
        "---\n",
    ),
    *("#", "|", "\n####### seven\n", "\n~~~\n", "***", "\n\t- deep", "<b>", "[x](y)", "\\"),
]


def nasty_texts(count: int) -> list[str]:
    """Texts made of pieces that chunkers trip over, the same in every run."""
    source = random.Random(7)
    return ["".join(source.choices(PIECES, k=source.randint(0, 300))) for _ in range(count)]


def squeeze(text: str) -> str:
    """`text` without white space."""
    return "".join(text.split())


def headed(text: str) -> list[tuple[tuple[str, ...], str]]:
    """Heading path and text of each chunk of a Markdown text."""
    return [
        (draft.heading, text[draft.start : draft.end])
        for draft in draft_chunks(text, is_markdown=True)
    ]


@pytest.mark.parametrize("is_markdown", [True, False])
def test_chunks_cover_all_text_in_order_and_stay_small(is_markdown: bool) -> None:
    for text in [*nasty_texts(300), "", " \n\t", "# \n#", "---\n---", "```", "|"]:
        drafts = draft_chunks(text, is_markdown=is_markdown)
        pieces = [text[draft.start : draft.end] for draft in drafts]
        assert squeeze("".join(pieces)) == squeeze(text)
        assert all(piece and piece == piece.strip() for piece in pieces)
        assert all(len(piece) <= TARGET_CHARACTERS for piece in pieces)
        ends = [0, *(draft.end for draft in drafts)]
        assert all(draft.start >= end for draft, end in zip(drafts, ends, strict=False))


def test_every_chunk_is_the_exact_text_of_its_span_and_fits_the_window() -> None:
    counter = HashingEmbedder()
    counter.max_tokens = 40
    for text in nasty_texts(100):
        drafts = fit_window(text, draft_chunks(text, is_markdown=True), counter)
        chunks = make_chunks("doc", text, drafts)
        assert all(text[c.span.start : c.span.end] == c.text for c in chunks)
        assert squeeze("".join(c.text for c in chunks)) == squeeze(text)
        assert max(counter.count_tokens([c.embedded_text for c in chunks]), default=0) <= 40
        assert len({c.id for c in chunks}) == len(chunks)


def test_chunks_carry_the_path_of_their_headings() -> None:
    body = "A sentence about this matter. " * 12
    text = f"# Leave\n\n{body}\n\n## Parental\n\n{body}\n\nSick\n----\n{body}\n\n# Pay #\n{body}"
    assert [(heading, piece.splitlines()[0]) for heading, piece in headed(text)] == [
        (("Leave",), "# Leave"),
        (("Leave", "Parental"), "## Parental"),
        (("Leave", "Sick"), "Sick"),
        (("Pay",), "# Pay #"),
    ]


def test_a_heading_without_text_stays_with_the_section_below_it() -> None:
    body = "A sentence about this matter. " * 12
    assert headed(f"# Manual\n\n## Fire\n\n{body}") == [
        (("Manual", "Fire"), f"# Manual\n\n## Fire\n\n{body.strip()}")
    ]


def test_tiny_neighbours_under_one_heading_become_one_chunk() -> None:
    text = "# FAQ\n\n## Dogs?\n\nFree.\n\n## Cats?\n\nIn a box.\n"
    assert headed(text) == [(("FAQ",), text.strip())]


def test_tiny_sections_of_different_chapters_stay_apart() -> None:
    text = "# A\n\n## A1\n\nOne.\n\n# B\n\n## B1\n\nTwo.\n"
    assert [heading for heading, _ in headed(text)] == [("A", "A1"), ("B", "B1")]
    assert [heading for heading, _ in headed("# A\n\nOne.\n\n# B\n\nTwo.")] == [("A",), ("B",)]


def test_a_hash_inside_a_fence_is_no_heading() -> None:
    text = "# Setup\n\n```sh\n# not a heading\nrun\n```\n"
    assert headed(text) == [(("Setup",), text.strip())]


def test_rows_of_a_long_table_stay_whole_and_name_their_columns() -> None:
    rows = "".join(f"| Route {n} from here to there | {n}.50 euro |\n" for n in range(60))
    chunks = headed(f"# Fares\n\n| Route | Price |\n|---|---|\n{rows}")
    assert len(chunks) > 2
    for heading, piece in chunks[1:]:
        assert heading == ("Fares", "Route | Price")
        assert all(line.startswith("| Route") and line.endswith(" |") for line in piece.split("\n"))


def test_no_chunk_crosses_a_page() -> None:
    first, second = "One page ends here without a stop", "and goes on there. " * 60
    text = f"{first}\n\n{second}"
    pages = (Page(1, Span(0, len(first))), Page(2, Span(len(first) + 2, len(text))))
    drafts = draft_chunks(text, is_markdown=False, pages=pages)
    chunks = make_chunks("doc", text, drafts, pages)
    assert [chunk.page for chunk in chunks] == [1, *[2] * (len(chunks) - 1)]
    assert chunks[0].text == first


def test_sentences_are_not_cut_where_they_can_be_kept() -> None:
    text = " ".join(f"Sentence number {n} says something of no importance." for n in range(80))
    assert all(piece.endswith(".") for _, piece in headed(text))


def test_ids_survive_an_edit_elsewhere_in_the_document() -> None:
    body = "A sentence about this matter. " * 12
    before = f"# A\n\n{body}\n\n# B\n\n{body} More.\n"
    after = before.replace("# A\n\n", "# A\n\nA new first line.\n\n")
    ids = [
        [chunk.id for chunk in make_chunks("d", text, draft_chunks(text, is_markdown=True))]
        for text in (before, after)
    ]
    assert ids[0][0] != ids[1][0]
    assert ids[0][1] == ids[1][1]


def test_a_long_heading_path_is_shortened_from_the_left() -> None:
    counter = HashingEmbedder()
    counter.max_tokens = 40
    path = ("alpha beta gamma delta epsilon", "one two three four five", "the last of them")
    drafts = fit_window("text", [Draft(0, 4, path)], counter)
    assert drafts == [Draft(0, 4, path[1:])]
    [short] = fit_window("text", [Draft(0, 4, ("word " * 50,))], counter)
    assert short.heading == (" ".join(["word"] * 5),)


@pytest.mark.parametrize(
    "text",
    [
        *("x" * 500_000, "lorem ipsum " * 800_000, "etc. " * 200_000, "#" * 50_000),
        *("# " + " \t" * 50_000 + "x", "| " * 50_000, "- " * 50_000, "[" * 50_000, "\n" * 50_000),
        *("=" * 50_000, "a\n" + "-" * 50_000 + "x", "1. " * 50_000, "```" * 20_000, "\r" * 50_000),
    ],
    ids=lambda text: f"{text[:6]!r}x{len(text)}",
)
def test_monstrous_lines_are_cut_in_linear_time(text: str) -> None:
    began = time.process_time()
    drafts = draft_chunks(text, is_markdown=True)
    assert time.process_time() - began < 10 + len(text) / 500_000
    assert all(draft.end - draft.start <= TARGET_CHARACTERS for draft in drafts)
    assert sum(draft.end - draft.start for draft in drafts) >= len(squeeze(text))
