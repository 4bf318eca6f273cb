"""A real file of every format, made by a program that writes it, is read with all that it holds.

`samples/README.md` says how each was made.
"""

import re
import shutil
from pathlib import Path

import pytest

from ingest.formats.table import EXTRACTORS, extract
from tests.ingest.corpora import SmallCorpus

SAMPLES = Path(__file__).parents[1] / "samples"
SENTENCE = "A crossing to Möwenriff costs 12 € – children pay half."
SEEN_BY_OCR = "costs 12 € — children pay half."  # Tesseract's English has no umlaut
HEADING = re.compile(r"^#+ (?:Ferries to Möwenriff|Fares)$", re.MULTILINE)
ROW = re.compile(
    r"^(?:Kind: Single; Fare: 12 €(?:; Remark: .*)?|\| Single \| 12 € \|)$", re.MULTILINE
)
WITH_HEADING = (
    *(".dbk", ".docbook", ".docm", ".docx", ".dotm", ".dotx", ".epub", ".fb2", ".htm", ".html"),
    *(".ipynb", ".jats", ".latex", ".md", ".mdx", ".mht", ".mhtml", ".odp", ".ods", ".odt"),
    *(".opml", ".org", ".potx", ".ppsx", ".ppt", ".pptm", ".pptx", ".rst", ".rtf", ".tex"),
    *(".typ", ".xhtml", ".xls", ".xlsm", ".xlsx", ".xltx"),
)
WITH_ROW = (
    *(".csv", ".dbk", ".doc", ".docbook", ".docm", ".docx", ".dotm", ".dotx", ".epub", ".fb2"),
    *(".htm", ".html", ".jats", ".latex", ".markdown", ".md", ".mht", ".mhtml", ".odp", ".ods"),
    *(".odt", ".org", ".pptx", ".rst", ".rtf", ".tex", ".tsv", ".xhtml", ".xls", ".xlsm"),
    *(".xlsx", ".xltx"),
)


@pytest.mark.parametrize("suffix", EXTRACTORS)
def test_a_real_file_of_each_format_is_read(suffix: str) -> None:
    sample = SAMPLES / f"ferries{suffix}"
    assert sample.exists(), f'put a real file of this format with "{SENTENCE}" at {sample}'
    is_picture = EXTRACTORS[suffix].signature == "image"
    if is_picture and not shutil.which("tesseract"):
        pytest.skip("needs Tesseract: apt-get install -y tesseract-ocr")
    found = extract(sample, sample.name, ocr="eng" if is_picture else "")
    wanted = SEEN_BY_OCR if is_picture else SENTENCE
    assert wanted in " ".join(found.text.split())
    for pattern, suffixes in ((HEADING, WITH_HEADING), (ROW, WITH_ROW)):
        assert bool(pattern.search(found.text)) == (suffix in suffixes), (
            f"{suffix} is {'' if suffix in suffixes else 'not '}in the list of those "
            f"of which {pattern.pattern} is read"
        )


@pytest.mark.parametrize("name", ["slack.json", "telegram.json", "whatsapp.txt"])
def test_an_exported_chat_is_told_from_a_plain_file(name: str) -> None:
    found = extract(SAMPLES / name, name)
    assert re.search(rf"^\[.* 09:30.*\] Anna Möller: {SENTENCE}$", found.text, re.MULTILINE)


@pytest.mark.parametrize(
    ("name", "notes"),
    [("ferries.odp", "Notes: Say who"), ("ferries.pptx", "Notes on Ferries to Möwenriff: Say who")],
)
def test_the_notes_of_a_presentation_are_read(name: str, notes: str) -> None:
    found = extract(SAMPLES / name, name)
    assert f"\n\n{notes} counts as a child." in found.text
    assert "<number>" not in found.text


def test_every_sample_ends_in_a_corpus_and_pictures_wait_for_ocr(tmp_path: Path) -> None:
    corpus = SmallCorpus(tmp_path)
    states = corpus.states(corpus.add(SAMPLES))
    skipped = {name for name, state in states.items() if state == "skipped"}
    assert skipped == {
        f"ferries{suffix}" for suffix, form in EXTRACTORS.items() if form.signature == "image"
    }
    assert {state for name, state in states.items() if name not in skipped} == {"indexed"}
