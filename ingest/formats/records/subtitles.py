"""Subtitles and transcripts as speech: each paragraph says when it begins and who speaks."""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

from ingest.formats.content import Extraction, SourceFile
from ingest.text.decoding import decode

TIMING = re.compile(
    r"[ \t]*(?:(\d{1,4}):)?(\d{1,2}):(\d{2})[.,]\d{1,3}[ \t]{1,9}-->[ \t]{1,9}[\d:.,]{4,16}"
)
VOICE = re.compile(r"<v(?:\.[^<> ]{0,40})? ([^<>]{1,80})>")
TAG = re.compile(r"<[^<>]{0,200}>|\{\\[^{}]{0,80}\}")
SENTENCE_END = re.compile(r"[.!?…。！？][\"'”’»)\]]{0,3}$")
LONGEST_CHARACTERS = 400  # chosen: half a minute of speech


class Cue(NamedTuple):
    """What is said at one time."""

    time: str
    speaker: str
    text: str


def extract_subtitles(file: SourceFile) -> Extraction:
    """A WebVTT or SubRip file, a paragraph `[hh:mm:ss] Speaker: words` for each sentence or two."""
    decoded = decode(file.read())
    paragraphs = (_describe(cue) for cue in _join(_without_repeats(_cues(decoded.text))))
    return Extraction("\n\n".join(paragraphs), file.media_type, notes=decoded.notes)


def _cues(text: str) -> Iterator[Cue]:
    time = ""
    lines: list[str] = []
    for line in [*text.splitlines(), ""]:
        timing = TIMING.match(line)
        if timing:
            hours, minutes, seconds = timing.groups(default="0")
            time, lines = f"{int(hours):02}:{int(minutes):02}:{seconds}", []
        elif line.strip() and time:
            lines.append(line)
        elif time:
            yield from _read_lines(time, lines)
            time, lines = "", []


def _read_lines(time: str, lines: list[str]) -> Iterator[Cue]:
    speaker = ""
    for line in lines:
        voice = VOICE.search(line)
        speaker = " ".join(voice.group(1).split()) if voice else speaker
        words = " ".join(unescape(TAG.sub("", line)).split())
        if words:
            yield Cue(time, speaker, words)


def _without_repeats(cues: Iterator[Cue]) -> Iterator[Cue]:
    """Rolling captions show each line again under the next."""
    before: list[str] = []
    for cue in cues:
        if cue.text not in before:
            yield cue
        before = [*before[-1:], cue.text]


def _join(cues: Iterator[Cue]) -> Iterator[Cue]:
    """Cues of one speaker joined until a sentence ends."""
    whole: Cue | None = None
    for cue in cues:
        if whole and _goes_on(whole, cue):
            whole = whole._replace(text=f"{whole.text} {cue.text}")
        else:
            if whole:
                yield whole
            whole = cue
    if whole:
        yield whole


def _goes_on(whole: Cue, cue: Cue) -> bool:
    is_same = cue.speaker == whole.speaker
    is_short = len(whole.text) + len(cue.text) < LONGEST_CHARACTERS
    return is_same and is_short and not SENTENCE_END.search(whole.text)


def _describe(cue: Cue) -> str:
    return f"[{cue.time}] {cue.speaker + ': ' if cue.speaker else ''}{cue.text}"
