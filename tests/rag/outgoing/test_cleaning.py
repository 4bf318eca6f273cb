"""What leaves is clean: nothing loads, leads elsewhere, acts or hides, however it arrives."""

import random
import re
import time
from collections.abc import Iterator

import pytest
from markdown_it import MarkdownIt
from markdown_it.token import Token

from rag.outgoing.addresses import LONGEST
from rag.outgoing.cleaning import REMOVED, Cleaner, clean

FORM = "https://intranet.example/form?id=3"
SOURCES = [f"Book at {FORM} or write to desk@boats.example. The API is http://localhost:8000/v1."]
PIECES = [
    *("![", "](", "[1]", "[a", "]:", "][", "[a]: /x", "\n[a]:", ")", "(", '"t"', "!", "\\", "*"),
    *("http://", "evil.com", "/x", "?q", "www.", "@", "a.b@c.example", "javascript:", FORM, "."),
    *("<", ">", "b>", "img src=", "<!--", "-->", "<?", "<http://a>", "<a@b.cd>", "&lt;", "&#60;"),
    *("`", "``", "```", "|", "\n", "\n\n", " ", "    ", "- ", "a", "é", "日本", "x" * 700),
    *("&#58;", ";", "&amp;", "&#x5", "\u200d", "\u202e", "sk-proj-abcdefgh12345678", "Bearer "),
]
MARKDOWN = MarkdownIt("commonmark", {"html": True}).enable("table")
LINKED_BARE = re.compile(r"https?://|(?<!\w)www\.\w|[\w.]@\w+\.\w", re.I)


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("See ![map](http://evil.example/p.png?q=26).", "See [map]."),
        ('[Click](http://evil.example/x "t") now', "[Click] now"),
        ("It is so [[1]](http://evil.example/x).", "It is so [[1]]."),
        ("[a](x/)(/login)", "[a] (/login)"),
        ("[a]: http://evil.example/x\n[b]: /login", f"[a] : {REMOVED}\n[b] : /login"),
        ("<http://evil.example> or www.evil.example/x", f"{REMOVED} or {REMOVED}"),
        ("evil.com, 10.0.0.1/x, a@evil.example", ", ".join([REMOVED] * 3)),
        ("javascript:alert(1) data:text/html,x", f"{REMOVED} {REMOVED}"),
        ("[x](javascript:alert(1))", "[x]"),
        (r"\href{http://evil.example}{x}", rf"\href{{{REMOVED}}}"),
        ("a <b>bold</b> H<sub>2</sub>O<br>x<!-- y -->", "a bold H2O x"),
        ("<img src=x onerror=alert(1)><<b>script>", "< script>"),
        ("ht<b></b>tp://evil.example", REMOVED),
        ("ht\u200btp&#58;//evil.example", REMOVED),
        ("&amp;#60;b> &#3&#56; R&amp;D", " & #60;b> & #3 8  R & D"),
        ("26\u202e weeks\U000e0041\u2066", "26 weeks"),
        ("an sk-proj-abcdefgh12345678, Bearer abcdef12", "an [redacted], Bearer [redacted]"),
        (f"```\n{FORM}\n``` {FORM}", f"```\n{FORM}\n```\n `{FORM}`"),
        ("x" * 3000 + " y", "x" * LONGEST + " … y"),
    ],
)
def test_what_acts_leads_elsewhere_or_hides_is_left_out(text: str, cleaned: str) -> None:
    assert clean(text, SOURCES) == cleaned


@pytest.mark.parametrize(
    "text",
    [
        "The Heron carries 120 passengers [1][2], see docs/leave.md (p. 3). Great!",
        "- 3/4 of e.g. 5 < 6 > 4 & 7\n\n| a | b |\n|---|---|\n| 1 | 2 |",
        "As [1]: says, and arr[0]; JavaScript: good. data: 5, tel: 7",
        "क्\u200dष und 👩\u200d🚀, « naïve » 会議は月曜日です。",
        f"```bash\ncurl {FORM}\n```\n`GET {FORM}` and ``x``",
    ],
)
def test_plain_text_stays_as_it_is(text: str) -> None:
    assert clean(text, SOURCES) == text


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        (f"Book at {FORM}.", f"Book at `{FORM}`."),
        (f"Book at {FORM}&mail=26-weeks", f"Book at {REMOVED}"),
        ("http://localhost:8000/v1?key=secret", "`http://localhost:8000/v1`"),
        ("Anna <desk@boats.example>", "Anna `desk@boats.example`"),
        (f"![x]({FORM}) <{FORM}>", f"[x] {REMOVED}"),
        ("https://intranet.ex", REMOVED),
    ],
)
def test_an_address_of_the_sources_is_code_and_no_more_than_they_say(
    text: str, cleaned: str
) -> None:
    assert clean(text, SOURCES) == cleaned


def made_texts(count: int, seed: int) -> Iterator[str]:
    chance = random.Random(seed)
    for _ in range(count):
        yield "".join(chance.choices(PIECES, k=chance.randint(1, 16)))


def test_however_a_text_is_cut_it_is_cleaned_the_same() -> None:
    chance = random.Random(1)
    for text in made_texts(1500, seed=2):
        cleaner, shown, at = Cleaner(SOURCES), "", 0
        while at < len(text):
            size = chance.choice([1, 1, 2, 3, 7, 50, 900])
            shown += cleaner.feed(text[at : at + size])
            at += size
        assert shown + cleaner.finish() == clean(text, SOURCES)


def test_no_reader_of_markdown_finds_a_link_an_image_or_html() -> None:
    for text in made_texts(3000, seed=3):
        tokens = list(all_tokens(MARKDOWN.parse(clean(text, SOURCES))))
        kinds = {token.type for token in tokens}
        assert kinds.isdisjoint({"link_open", "image", "html_inline", "html_block"}), text
        plain = " ".join(token.content for token in tokens if token.type == "text")
        assert not LINKED_BARE.search(plain), text


def all_tokens(tokens: list[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from all_tokens(token.children or [])


@pytest.mark.parametrize(
    "piece",
    [
        *("<", "<a ", "](", "](a ", "[a](", "((a)", "`", "` a", "```\n", "[", "<!--", "&", "&amp;"),
        *("a.", "a@", "1.", "x.y/", "http://", "www.", ".com ", "sk-", "A1b/", "日", "é\u200d"),
    ],
)
def test_cleaning_takes_time_as_the_text_is_long(piece: str) -> None:
    text = (piece * 50_000)[:50_000]
    clean("", SOURCES)
    began = time.process_time()
    clean(text, SOURCES)
    assert time.process_time() - began < 0.1


def test_nothing_is_held_back_beyond_a_word() -> None:
    cleaner = Cleaner()
    assert cleaner.feed("The Heron carries 120 pass") == "The Heron carries 120 "
    assert cleaner.feed("engers [1") == "passengers "
