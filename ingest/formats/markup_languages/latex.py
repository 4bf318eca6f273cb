"""LaTeX as Markdown: headings, lists and prose; formulas stay as they are written."""

import re
from collections.abc import Callable

from ingest.formats.content import Extraction, SourceFile
from ingest.formats.markup import with_dashes
from ingest.text.decoding import decode
from rag.domain import MetadataValue

COMMENT = re.compile(r"(?<!\\)%[^\n]*\n?")
BEGIN_DOCUMENT = "\\begin{document}"
END_DOCUMENT = "\\end{document}"
HEADING = re.compile(
    r"\\(part|chapter|section|subsection|subsubsection|paragraph)\*?"
    r"(?:\[[^\[\]]{0,300}\])?\{((?:[^{}\n]|\{[^{}\n]{0,300}\}){1,300})\}"
)
LEVELS = {
    "part": 1,
    "chapter": 1,
    "section": 2,
    "subsection": 3,
    "subsubsection": 4,
    "paragraph": 5,
}
DROPPED = re.compile(
    r"\\(?:label|index|vspace\*?|hspace\*?|includegraphics|input|include|bibliography"
    r"|bibliographystyle|usepackage|documentclass|pagestyle|thispagestyle|setcounter|centering"
    r"|maketitle|tableofcontents|noindent|newpage|clearpage|hline|toprule|midrule|bottomrule"
    r"|endhead|endfirsthead|endfoot|endlastfoot|noalign|def\\LTcaptype)"
    r"(?![A-Za-z])(?:\[[^\[\]\n]{0,300}\])?(?:\{[^{}\n]{0,300}\}){0,2}"
)
REFERENCE = re.compile(
    r"~?\\(?:cite[tp]?|ref|eqref|autoref|pageref)\*?(?:\[[^\[\]\n]{0,100}\]){0,2}\{([^{}\n]{0,200})\}"
)
LINK = re.compile(r"\\href\{[^{}\n]{0,2000}\}\{([^{}\n]{0,300})\}")
STYLED = re.compile(
    r"\\(?:textbf|textit|emph|texttt|textsc|underline|text|textrm|mbox|url|footnote|caption|enquote)"
    r"\{([^{}]{0,3000})\}"
)
ITEM = re.compile(r"\\item(?![A-Za-z])(?:\[([^\[\]\n]{0,200})\])?[ \t]*")
TABULAR = re.compile(
    r"\\begin\{(tabular[x*]?|longtable)\}(?:\[[^\[\]\n]{0,9}\])?"
    r"(?:\{(?:[^{}\n]|\{[^{}\n]{0,50}\}){0,100}\}){1,2}([^\0]{0,100000}?)\\end\{\1\}"
)
ENVIRONMENT = re.compile(
    r"\\(?:begin|end)\{(?:itemize|enumerate|description|abstract|center|quote|quotation"
    r"|figure|table|flushleft|flushright|minipage)\*?\}(?:\[[^\[\]\n]{0,50}\])?"
)
TARGET = re.compile(r"\\hypertarget\{[^{}\n]{0,300}\}\{\n?(\\[^\n]{1,1000})\}$", re.MULTILINE)
LONE_BRACE = re.compile(r"^[{}] *$", re.MULTILINE)
ESCAPED = re.compile(r"\\([%&$#_{}])")
BLANK_LINES = re.compile(r"\n[ \t]*(?:\n[ \t]*)+")
NAMED = {
    "title": re.compile(r"\\title\{([^{}]{1,300})\}"),
    "author": re.compile(r"\\author\{([^{}]{1,300})\}"),
}
DEEPEST_STYLE = 4  # chosen: bold in italics in colour, and one more


def extract_latex(file: SourceFile) -> Extraction:
    """A LaTeX file's text as Markdown; no other file that it names is opened."""
    decoded = decode(file.read())
    source = COMMENT.sub(_keep_line_end, decoded.text.replace("\r\n", "\n"))
    named = {key: _first(pattern, source) for key, pattern in NAMED.items()}
    metadata: dict[str, MetadataValue] = {"author": named["author"]} if named["author"] else {}
    return Extraction(
        _to_markdown(_body(source)),
        file.media_type,
        named["title"],
        is_markdown=True,
        notes=decoded.notes,
        metadata=metadata,
    )


def _keep_line_end(match: re.Match[str]) -> str:
    """A comment that fills its line is gone with it; one behind text leaves the line's end."""
    return "\n" if match.string[match.start() - 1 : match.start()] not in ("\n", "") else ""


def _first(pattern: re.Pattern[str], source: str) -> str:
    match = pattern.search(source)
    return _to_markdown(match.group(1)).replace("\n", " ") if match else ""


def _body(source: str) -> str:
    start = source.find(BEGIN_DOCUMENT)
    end = source.rfind(END_DOCUMENT)
    start = start + len(BEGIN_DOCUMENT) if start >= 0 else 0
    return source[start : end if end >= start else len(source)]


def _to_markdown(body: str) -> str:
    text = TABULAR.sub(_table, with_dashes(body))
    for pattern, replacement in STEPS:
        text = pattern.sub(replacement, text)
    for _ in range(DEEPEST_STYLE):
        styled = STYLED.sub(r"\1", text)
        if styled == text:
            break
        text = styled
    text = HEADING.sub(lambda match: f"\n\n{'#' * LEVELS[match[1]]} {match[2]}\n\n", text)
    text = ESCAPED.sub(r"\1", text.replace("\\\\", "\n").replace("~", " ").replace("``", '"'))
    lines = (line.rstrip() for line in text.replace("''", '"').split("\n"))
    return BLANK_LINES.sub("\n\n", "\n".join(lines)).strip()


def _table(match: re.Match[str]) -> str:
    """Rows as rows of a Markdown table, their cells apart."""
    rows = [row.strip() for row in DROPPED.sub("", match[2]).split("\\\\")]
    cells = [" | ".join(cell.strip() for cell in row.split("&")) for row in rows if row]
    lines = [f"| {' '.join(row.split())} |" for row in cells]
    if len(lines) > 1:
        lines.insert(1, "|" + " --- |" * (rows[0].count("&") + 1))
    return "\n\n" + "\n".join(lines) + "\n\n"


STEPS: tuple[tuple[re.Pattern[str], str | Callable[[re.Match[str]], str]], ...] = (
    (LINK, r"\1"),
    (TARGET, r"\1"),
    (REFERENCE, r" [\1]"),
    (DROPPED, ""),
    (LONE_BRACE, ""),
    (ENVIRONMENT, "\n"),
    (ITEM, lambda match: f"\n- {match[1] + ': ' if match[1] else ''}"),
)
