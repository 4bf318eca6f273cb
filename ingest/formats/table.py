"""Text from files: one line of `EXTRACTORS` a format, found by suffix, checked by content."""

from dataclasses import replace
from pathlib import Path, PurePath

from ingest.formats.containers.packed import IN_ARCHIVE, PACKED, unpacked
from ingest.formats.containers.signatures import looks_binary, recognize
from ingest.formats.containers.zip_safety import check_archive
from ingest.formats.content import Extraction, Format, SourceFile
from ingest.formats.mail import extract_mail
from ingest.formats.markup_languages.latex import extract_latex
from ingest.formats.markup_languages.org import extract_org
from ingest.formats.markup_languages.restructured import extract_restructured
from ingest.formats.office import (
    extract_image,
    extract_marked_up,
    extract_office,
    extract_old_word,
    extract_outlook_mail,
    extract_pdf,
    extract_web_page,
    extract_word,
)
from ingest.formats.records.chats import read_chat
from ingest.formats.records.json_lines import extract_records
from ingest.formats.records.notebooks import extract_notebook
from ingest.formats.records.rows import describe_rows, read_csv
from ingest.formats.records.subtitles import extract_subtitles
from ingest.formats.slides import extract_powerpoint, extract_slides
from ingest.formats.xml import extract_xml, refuse_entities
from ingest.formats.xml_vocabularies import extract_book, extract_drawing, extract_outline
from ingest.limits import DEFAULTS, Limits
from ingest.text.decoding import decode, drop_unseen
from ingest.text.front_matter import read_front_matter
from rag.domain import MetadataValue
from rag.errors import ExtractionFailed, SourceSkipped

__all__ = ["EXTRACTORS", "Extraction", "Format", "MetadataValue", "extract"]

# Counts up when the same bytes give another text or other metadata, so that they are read again.
EXTRACTOR = "5"
# Chosen: signatures stand in the first 1,024 bytes, and this much shows whether a text is one.
HEAD_BYTES = 4096
ROW_BREAK = "\n\n"
OFFICE = "application/vnd.openxmlformats-officedocument"
OPEN_DOCUMENT = "application/vnd.oasis.opendocument"
MICROSOFT = "application/vnd.ms"


def extract_text(file: SourceFile) -> Extraction:
    """A text file, character for character."""
    decoded = decode(file.read())
    return Extraction(decoded.text, file.media_type, notes=decoded.notes)


def extract_text_or_chat(file: SourceFile) -> Extraction:
    """A chat's export message by message, any other text character for character."""
    plain = extract_text(file)
    return read_chat(plain.text, file.media_type, plain.notes) or plain


def extract_markdown(file: SourceFile) -> Extraction:
    """A Markdown file, character for character, structured by its headings."""
    decoded = decode(file.read())
    front = read_front_matter(decoded.text)
    return Extraction(
        decoded.text,
        file.media_type,
        front.title,
        is_markdown=True,
        notes=decoded.notes + front.notes,
        metadata=front.metadata,
    )


def extract_table(file: SourceFile) -> Extraction:
    """A CSV or TSV file, each row a paragraph of one line."""
    decoded = decode(file.read())
    rows = ROW_BREAK.join(describe_rows(read_csv(decoded.text)))
    return Extraction(rows, file.media_type, notes=decoded.notes)


def extract_xml_document(file: SourceFile) -> Extraction:
    """A book or article in XML, turned into Markdown."""
    refuse_entities(file.read())
    return extract_office(file)


EXTRACTORS: dict[str, Format] = {
    ".bib": Format("application/x-bibtex", extract_text),
    ".bmp": Format("image/bmp", extract_image, "image"),
    **dict.fromkeys((".cfg", ".conf", ".ini", ".log"), Format("text/plain", extract_text)),
    ".csv": Format("text/csv", extract_table),
    **dict.fromkeys((".dbk", ".docbook"), Format("application/docbook+xml", extract_xml_document)),
    ".doc": Format("application/msword", extract_old_word, "office"),
    ".docm": Format(f"{MICROSOFT}-word.document.macroEnabled.12", extract_word, "zip"),
    ".docx": Format(f"{OFFICE}.wordprocessingml.document", extract_word, "office"),
    ".dotm": Format(f"{MICROSOFT}-word.template.macroEnabled.12", extract_word, "zip"),
    ".dotx": Format(f"{OFFICE}.wordprocessingml.template", extract_word, "zip"),
    **dict.fromkeys((".eml", ".mht", ".mhtml"), Format("message/rfc822", extract_mail)),
    ".epub": Format("application/epub+zip", extract_office, "zip"),
    ".fb2": Format("application/x-fictionbook+xml", extract_book),
    **dict.fromkeys((".htm", ".html"), Format("text/html", extract_web_page)),
    ".ipynb": Format("application/x-ipynb+json", extract_notebook),
    ".jats": Format("application/x-jats+xml", extract_xml_document),
    **dict.fromkeys((".jpeg", ".jpg"), Format("image/jpeg", extract_image, "image")),
    ".json": Format("application/json", extract_text_or_chat),
    **dict.fromkeys((".jsonl", ".ndjson"), Format("application/x-ndjson", extract_records)),
    **dict.fromkeys((".latex", ".tex"), Format("application/x-latex", extract_latex)),
    **dict.fromkeys((".markdown", ".md", ".mdx"), Format("text/markdown", extract_markdown)),
    ".msg": Format("application/vnd.ms-outlook", extract_outlook_mail, "ole"),
    ".odp": Format(f"{OPEN_DOCUMENT}.presentation", extract_slides, "zip"),
    ".ods": Format(f"{OPEN_DOCUMENT}.spreadsheet", extract_office, "zip"),
    ".odt": Format(f"{OPEN_DOCUMENT}.text", extract_office, "zip"),
    ".opml": Format("application/xml+opml", extract_outline),
    ".org": Format("text/x-org", extract_org),
    ".pdf": Format("application/pdf", extract_pdf, "pdf"),
    ".png": Format("image/png", extract_image, "image"),
    ".potx": Format(f"{OFFICE}.presentationml.template", extract_powerpoint, "zip"),
    ".ppsx": Format(f"{OFFICE}.presentationml.slideshow", extract_powerpoint, "zip"),
    ".ppt": Format("application/vnd.ms-powerpoint", extract_office, "office"),
    ".pptm": Format(
        f"{MICROSOFT}-powerpoint.presentation.macroEnabled.12", extract_powerpoint, "zip"
    ),
    ".pptx": Format(f"{OFFICE}.presentationml.presentation", extract_powerpoint, "office"),
    ".rst": Format("text/x-rst", extract_restructured),
    ".rtf": Format("application/rtf", extract_office, "rtf"),
    ".srt": Format("application/x-subrip", extract_subtitles),
    ".svg": Format("image/svg+xml", extract_drawing),
    **dict.fromkeys((".tif", ".tiff"), Format("image/tiff", extract_image, "image")),
    ".toml": Format("application/toml", extract_text),
    ".tsv": Format("text/tab-separated-values", extract_table),
    ".txt": Format("text/plain", extract_text_or_chat),
    ".typ": Format("application/x-typst", extract_marked_up),
    ".vtt": Format("text/vtt", extract_subtitles),
    ".webp": Format("image/webp", extract_image, "image"),
    ".xhtml": Format("application/xhtml+xml", extract_web_page),
    ".xls": Format("application/vnd.ms-excel", extract_office, "office"),
    ".xlsm": Format(f"{MICROSOFT}-excel.sheet.macroEnabled.12", extract_office, "zip"),
    ".xlsx": Format(f"{OFFICE}.spreadsheetml.sheet", extract_office, "office"),
    ".xltx": Format(f"{OFFICE}.spreadsheetml.template", extract_office, "zip"),
    ".xml": Format("application/xml", extract_xml),
    **dict.fromkeys((".yaml", ".yml"), Format("application/yaml", extract_text)),
}
MODERN_OFFICE = {".doc": ".docx", ".ppt": ".pptx", ".xls": ".xlsx"}
ACCEPTED = {"office": {"zip", "ole"}}


def extract(path: Path, name: str, *, ocr: str = "", limits: Limits = DEFAULTS) -> Extraction:
    """The text of the file at `path`, which users know as `name`. Raises ExtractionFailed.

    Pictures, and PDF pages without text, are read in the languages of `ocr`, if it names any. What
    is packed alone, as `notes.md.gz`, is read as what it was before. Raises SourceSkipped for a
    kind that nothing reads.
    """
    suffix = PurePath(name).suffix.lower()
    with path.open("rb") as stream:
        head = stream.read(HEAD_BYTES)
    if suffix in PACKED and head.startswith(PACKED[suffix]):
        inner = PurePath(name).with_suffix("").name
        if PurePath(inner).suffix.lower() in PACKED:
            raise SourceSkipped(IN_ARCHIVE)
        with unpacked(path, suffix, limits) as inside:
            return extract(inside, inner, ocr=ocr, limits=limits)
    kind, description = recognize(head)
    form = _choose_format(suffix, kind, description, head)
    if kind == "zip":
        check_archive(path)
    extraction = form.extract(SourceFile(path, form.media_type, ocr))
    if len(extraction.text) > limits.text_characters:
        raise ExtractionFailed(f"more than {limits.text_characters:,} characters of text")
    return replace(extraction, title=" ".join(drop_unseen(extraction.title).text.split()))


def _choose_format(suffix: str, kind: str, description: str, head: bytes) -> Format:
    form = EXTRACTORS.get(MODERN_OFFICE.get(suffix, suffix) if kind == "zip" else suffix)
    what = "binary data" if kind == "text" and looks_binary(head) else description
    if form is None and suffix not in PACKED:
        if what == "text":
            return EXTRACTORS[".txt"]
        raise SourceSkipped(f"unsupported format {suffix or '(no suffix)'}: {what}")
    if form is None or (form.signature != kind and kind not in ACCEPTED.get(form.signature, ())):
        raise ExtractionFailed(f"the content is {what}, not what {suffix} files hold")
    return form
