"""Text in pictures, read by the system's Tesseract."""

import re
import shutil
import subprocess

from rag.errors import ExtractionFailed, SettingsError

PROGRAM = "tesseract"
PICTURE_S = 60.0  # chosen: a page takes some 5 s
LANGUAGES = re.compile(r"[A-Za-z][A-Za-z_]{1,30}(?:\+[A-Za-z][A-Za-z_]{1,30}){0,9}")


def check_ocr(languages: str) -> None:
    """Raise SettingsError, saying what to install, unless `languages` can be read here."""
    if not LANGUAGES.fullmatch(languages):
        raise SettingsError(
            f"--ocr {languages[:40]!r}: name Tesseract's languages, e.g. eng or deu+eng"
        )
    wanted = languages.split("+")
    packages = " ".join(f"tesseract-ocr-{name.lower().replace('_', '-')}" for name in wanted)
    install = f"apt-get install -y tesseract-ocr {packages}"
    if shutil.which(PROGRAM) is None:
        raise SettingsError(f"--ocr needs the program tesseract: {install}")
    missing = sorted(set(wanted) - _installed())
    if missing:
        raise SettingsError(f"Tesseract lacks {', '.join(missing)}: {install}")


def read_picture(picture: bytes, languages: str) -> str:
    """The text of a picture, its paragraphs apart. Raises ExtractionFailed."""
    command = [*_program(), "stdin", "stdout", "-l", languages]
    try:
        done = subprocess.run(command, input=picture, capture_output=True, timeout=PICTURE_S)
    except subprocess.TimeoutExpired as error:
        raise ExtractionFailed(f"its text was not read within {PICTURE_S:.0f} s") from error
    if done.returncode:
        complaint = " ".join(done.stderr.decode(errors="replace").split())
        raise ExtractionFailed(f"its text cannot be read: {complaint}"[:200])
    return done.stdout.decode(errors="replace").replace("\f", "").strip()


def _program() -> list[str]:
    """One thread a picture, because as many readers as processors run beside each other."""
    return ["env", "OMP_THREAD_LIMIT=1", PROGRAM]


def _installed() -> set[str]:
    command = [*_program(), "--list-langs"]
    done = subprocess.run(command, capture_output=True, timeout=PICTURE_S)
    return set(done.stdout.decode(errors="replace").split("\n")[1:])
