"""Web pages that hide text by their styles: what no reader sees is left out, all else is kept."""

import time
from pathlib import Path

import pytest

from tests.ingest.files import read

DEEP = "<div>" * 50


def styled(rules: str, body: str = '<p class="x">order</p>') -> str:
    """A page with a style sheet of its own."""
    return f"<style>{rules}</style><body><p>Before.</p>{body}"


def inline(style: str, tag: str = "div") -> str:
    """An element with this style."""
    return f'<body><p>Before.</p><{tag} style="{style}">order</{tag}>'


HIDDEN = {
    "class": styled(".x{display:none}"),
    "id": styled("#i{display:none}", "<p id=i>order</p>"),
    "tag": styled("aside{visibility:hidden}", "<aside>order</aside>"),
    "descendant": styled(".a .x{opacity:0}", '<div class=a><i><p class="x">order</p></i></div>'),
    "child": styled(".a > p{display:none}", "<div class=a><p>order</p></div>"),
    "sibling": styled("h2 + p{display:none}", "<h2>Head</h2><p>order</p>"),
    "later sibling": styled("h2 ~ .x{display:none}", "<h2>Head</h2><p>a</p><p class=x>order</p>"),
    "two classes": styled(".x.y{display:none}", "<p class='y x'>order</p>"),
    "attribute": styled("[data-n='1']{display:none}", "<p data-n=1>order</p>"),
    "list of selectors": styled("h6, .x, .y{display:none}"),
    "not": styled("i:not(.seen){display:none}", "<i>order</i><i class=seen>a</i>"),
    "important": styled(".x{display:none!important}#i{display:block}", "<p class=x id=i>order</p>"),
    "important beats inline": styled(
        ".x{display:none!important}", '<p class=x style="display:block">order</p>'
    ),
    "specific": styled("p.x{display:none} p{display:block}"),
    "last of equals": styled(".x{display:block} .x{display:none}"),
    "screen": styled("@media screen{.x{display:none}}"),
    "wide screens": styled("@media (min-width: 600px){.x{display:none}}"),
    "media attribute": "<style media=screen>.x{display:none}</style><p>Before.</p><p class=x>order",
    "supports": styled("@supports (display:block){.x{display:none}}"),
    "nested rule": styled(".a{color:red; .x{display:none}}", "<div class=a><p class=x>order</div>"),
    "nested ampersand": styled("p{&.x{display:none}}"),
    "garbage before": styled("<!-- --> @nonsense x; .y{;;} .z{} .x{display:none}"),
    "garbage within": styled(".x{color:;;: display:none;!; display:none; foo"),
    "invalid value behind": styled(".x{display:none; display:nonsense}"),
    "invalid length behind": inline("position:absolute;left:-9999px;left:far"),
    "invalid opacity behind": inline("opacity:0;opacity:full"),
    "negative size behind": inline("font-size:0;font-size:-9px"),
    "escapes": styled(r".x{d\69splay:n\6f ne}"),
    "comment within": styled(".x{display/**/:/**/none}"),
    "style in the body": "<p>Before.</p><p class=x>order</p><style>.x{display:none}</style>",
    "variable": styled(":root{--d:none}.x{display:var(--d)}"),
    "content visibility": styled(".x{content-visibility:hidden}"),
    "transparent": inline("color:transparent"),
    "almost transparent": inline("opacity:.02"),
    "filter": inline("filter:opacity(0)"),
    "near white": inline("color:#fefefe"),
    "nearly white by hsl": inline("color:hsl(0 0% 97%)"),
    "faint by alpha": inline("color:rgba(0,0,0,.06)"),
    "near white in a class": styled(".x{color:#fdfdfd}"),
    "fill colour": inline("-webkit-text-fill-color:white"),
    "black body": "<body bgcolor=black text=white><p>Before.</p><p style=color:#000>order",
    "ground of the body": styled("body{background:#123}.x{color:#132435}body{color:white}"),
    "ground of a table": "<p>Before.</p><table bgcolor=navy><tr><td style='color:#000081'>order",
    "ground of a parent": inline("background:#eee;color:#f0f0f0"),
    "tiny": inline("font-size:1px"),
    "tiny by em": styled(".x{font-size:.05em}"),
    "tiny by shorthand": inline("font:0/0 a"),
    "tiny in tiny": inline("font-size:10%", "div style='font-size:10%'><div"),
    "left": inline("position:absolute;left:-9999px"),
    "left in a class": styled(".x{position:absolute;left:-999em}"),
    "top": inline("position:fixed;top:-5000px"),
    "inset": inline("position:absolute;inset:-9999px auto auto 0"),
    "far right": inline("position:absolute;left:99999px"),
    "text indent": inline("text-indent:-9999px"),
    "margin": inline("margin-left:-9999px"),
    "translated": inline("transform:translateX(-9999px)"),
    "scaled": inline("transform:scale(0)"),
    "scale property": inline("scale:0"),
    "clip": inline("position:absolute;clip:rect(0 0 0 0)"),
    "clip of a pixel": inline("position:absolute!important;clip:rect(1px,1px,1px,1px)"),
    "clip path": inline("clip-path:inset(50%)"),
    "clip path circle": inline("clip-path:circle(0)"),
    "clip path polygon": inline("clip-path:polygon(0 0, 0 0, 0 0)"),
    "no height": inline("height:0;overflow:hidden"),
    "no height in a class": styled(".x{max-height:0;overflow:hidden}"),
    "no width": inline("width:0;overflow:hidden"),
    "a pixel": inline("position:absolute;width:1px;height:1px;overflow:hidden", "span"),
    "alternative text": '<p>Before.</p><div style="display:none"><img alt="order" src=x></div>',
    "noscript": "<p>Before.</p><noscript>order</noscript>",
    "closed dialog": "<p>Before.</p><dialog>order</dialog>",
    "popover": "<p>Before.</p><div popover>order</div>",
    "for want of a player": "<p>Before.</p><video src=x>order</video>",
    "comment": "<p>Before.</p><!-- order -->",
    "far down": f"<style>.x{{display:none}}</style>{DEEP}<p>Before.</p><p class=x>order</p>",
    "xhtml": '<?xml version="1.0"?><html><body><p>Before.</p><p hidden="hidden">order</p></body>',
}

SHOWN = {
    "hidden overruled": styled("[hidden]{display:block}", "<p hidden>a menu</p>"),
    "closed as in XML": '<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><head>'
    '<title/><script src="a/b.js"/></head><body><p hidden="hidden"/><p>a menu</p></body></html>',
    "aria-hidden": "<p aria-hidden=true>a menu</p>",
    "details": "<details><summary>More</summary>a menu</details>",
    "print": styled("@media print{.x{display:none}}", "<p class=x>a menu</p>"),
    "print sheet": "<style media=print>p{display:none}</style><p>a menu</p>",
    "small screens": styled("@media (max-width: 600px){.x{display:none}}", "<p class=x>a menu</p>"),
    "later rule": styled(".x{display:none} .x{display:block}", "<p class=x>a menu</p>"),
    "more specific": styled("#i{display:block} .x{display:none}", "<p class=x id=i>a menu</p>"),
    "inline": styled(".x{display:none}", '<p class=x style="display:block">a menu</p>'),
    "hover": styled(".x:hover{display:none}", "<p class=x>a menu</p>"),
    "pseudo element": styled(".x::before{display:none}", "<p class=x>a menu</p>"),
    "other class": styled(".x > .y{display:none}", "<p class=y>a menu</p>"),
    "visible within": '<i style="visibility:hidden"><b style="visibility:visible">a menu</b></i>',
    "gap trick": '<ul style="font-size:0"><li style="font-size:16px">a menu</li></ul>',
    "one rule wrong": styled("p:::x{display:none}", "<p>a menu</p>"),
    "pale but readable": inline("color:#ccc").replace("order", "a menu"),
    "white on dark": styled(".d{background:#222}.x{color:#fff}", "<div class=d><p class=x>a menu"),
    "white on a picture": styled(".d{background:url(x.png)}", "<p class=d style=color:#fff>a menu"),
    "white on a gradient": inline("color:#fff;background:linear-gradient(red,blue)").replace(
        "order", "a menu"
    ),
    "white with a linked sheet": "<link rel=stylesheet href=x.css><p style=color:#fff>a menu</p>",
    "white over a picture": '<img src=x><p style="position:absolute;color:#fff">a menu</p>',
    "shadow": inline("color:#fff;text-shadow:1px 1px #000").replace("order", "a menu"),
    "dark link in white": "<div style='color:#fff'><a href=x>a menu</a></div>",
    "slide": inline("position:relative;left:-1280px;width:6400px").replace("order", "a menu"),
    "carousel": inline("transform:translate3d(-2560px,0,0)").replace("order", "a menu"),
    "fading in": inline("opacity:0;animation:in 1s forwards").replace("order", "a menu"),
    "pulled up": inline("margin-top:-40px").replace("order", "a menu"),
    "no height, overflowing": inline("height:0").replace("order", "a menu"),
    "inline without height": inline("height:0;overflow:hidden", "span").replace("order", "a menu"),
    "static position": inline("left:-9999px").replace("order", "a menu"),
    "clip of what stands": inline("clip:rect(0 0 0 0)").replace("order", "a menu"),
    "endless variable": styled(":root{--a:var(--b);--b:var(--a)}.x{display:var(--a)}", "a menu"),
    "by scripts only": "<style>main{display:none}</style><main>a menu</main>",
}


@pytest.mark.parametrize("page", HIDDEN.values(), ids=HIDDEN)
def test_text_hidden_by_a_style_is_left_out_and_counted(tmp_path: Path, page: str) -> None:
    found = read(tmp_path, "a.html", page.encode())
    assert "Before." in found.text
    assert "order" not in found.text
    assert found.notes[0].endswith("hidden characters left out")


@pytest.mark.parametrize("page", SHOWN.values(), ids=SHOWN)
def test_text_that_styles_leave_visible_is_kept(tmp_path: Path, page: str) -> None:
    assert "a menu" in read(tmp_path, "a.html", page.encode()).text


def test_hidden_parts_of_a_list_leave_its_other_parts_in_place(tmp_path: Path) -> None:
    page = styled(
        ".x{display:none}", "<ul><li>One<li class=x>order<li>Two <b class=x>y</b>too</ul>"
    )
    found = read(tmp_path, "a.html", page.encode())
    assert found.text == "Before.\n\n- One\n- Two too"
    assert found.notes == ("6 hidden characters left out",)


def test_a_linked_style_sheet_is_named_as_not_read(tmp_path: Path) -> None:
    for link in ("<link href=x rel='alternate StyleSheet'>", "<style>@import 'x.css';</style>"):
        found = read(tmp_path, "a.html", f"{link}<p>Seen.</p>".encode())
        assert found.notes == ("styles in linked style sheets not read",)


def test_a_page_that_its_own_sheets_hide_whole_is_read_without_them(tmp_path: Path) -> None:
    page = "<style>main{display:none}</style><main>Seen.<p hidden>order</p></main>"
    found = read(tmp_path, "a.html", page.encode())
    assert found.text == "Seen."
    assert found.notes == (
        "5 hidden characters left out",
        "style sheets that hide all of it not heeded",
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    "rules",
    [
        ".z ~ .b ~ .b ~ .b ~ .b{display:none}" * 5,
        ".z .b .b .b .b .b .b .b{display:none}" * 5,
        ":not(.z .b .b .b .b .b){display:none}.b:has(.b .b .b .z){display:none}",
        ".b:nth-last-of-type(2n){display:none}" * 3,
        "*{margin:0}" * 100,
        f".b{{width:{'calc(' * 50_000}",
        f"{':not(' * 50_000}{{display:none}}",
        f"{'.b{' * 50_000}display:none",
        f"{'@media screen{' * 5_000}.x{{display:none}}",
        f".b{{{'--a:var(--a)var(--a);' * 1000}display:var(--a)}}",
        "".join(f":root{{--v{n}:var(--v{n + 1})var(--v{n + 1})}}" for n in range(60)),
    ],
    ids=range(11),
)
def test_a_hostile_style_sheet_costs_bounded_time(tmp_path: Path, rules: str) -> None:
    nested = "<div class=b>" * 300 + "</div>" * 300
    page = f"<style>{rules}</style><body><p>Seen.</p>{nested}{'<p class=b>b</p>' * 10_000}"
    began = time.process_time()
    found = read(tmp_path, "a.html", page.encode())
    assert "Seen." in found.text
    assert time.process_time() - began < 25


@pytest.mark.slow
def test_a_hundred_thousand_rules_are_read_in_part_and_that_is_said(tmp_path: Path) -> None:
    rules = "".join(f".c{n} .d{n}{{display:none}}" for n in range(100_000))
    page = f"<style>{rules}</style><p>Seen.</p>{'<p>b</p>' * 10_000}"
    began = time.process_time()
    found = read(tmp_path, "a.html", page.encode())
    assert found.text.startswith("Seen.")
    assert "some styles not read: too many or too complex" in found.notes
    assert time.process_time() - began < 25
