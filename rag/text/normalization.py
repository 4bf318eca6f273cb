"""Letters as words are looked up by: one form for each, and pairs where no space parts words.

Text in ASCII stays as it is, so nothing here changes what is found in plain English.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import pairwise

VERSION = 1  # counts up when words get other forms, so that indexes are made anew

HAN = "\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
HIRAGANA = "\u3041-\u309f"
KATAKANA = "\u30a1-\u30fa\u30fc-\u30ff\u31f0-\u31ff"
HANGUL = "\uac00-\ud7a3"
THAI_AND_LAO = "\u0e01-\u0e3a\u0e40-\u0e4e\u0e81-\u0ebd\u0ec0-\u0ece\u0edc-\u0edf"
MYANMAR_AND_KHMER = "\u1000-\u103f\u1050-\u108f\u1780-\u17d3"

RUN = re.compile(
    f"(?P<han>[{HAN}]+)|(?P<hiragana>[{HIRAGANA}]+)|(?P<katakana>[{KATAKANA}]+)"
    f"|(?P<hangul>[{HANGUL}]+)|(?P<other>[{THAI_AND_LAO}{MYANMAR_AND_KHMER}]+)"
)
LETTER_WITHOUT_SPACES = re.compile(
    f"[{HAN}{HIRAGANA}{KATAKANA}{THAI_AND_LAO}{MYANMAR_AND_KHMER}]", re.ASCII
)
CLUSTER = re.compile(r"[\u0e40-\u0e44\u0ec0-\u0ec4]?.[\u0e30-\u0e3a\u0eb0-\u0ebc]*", re.S)
"""A letter of Thai or Lao with the vowels written before, above and below it."""

QUESTION_WORDS = re.compile(
    "为什么|為什麼|什么时候|什麼時候|什么|什麼|怎么|怎麼|怎样|怎樣|如何|多少|多久|哪里|哪裡|哪些|哪个|哪個|哪|谁|誰|几|幾"
    "|的|了|吗|嗎|呢|是|请问|請問"
    "|何ですか|ですか|ますか|でしょうか|ください|どのように|どのくらい|どれくらい|どこ|どの|どう|どれ|どんな|いつ|いくら"
    "|いくつ|だれ|なぜ|とは|です|ます|ました|する|した|して|される|された|何"
    "|무엇|언제|어디|누구|어떻게|얼마나|얼마|몇|입니까|인가요|습니까|합니까|입니다|습니다|합니다|됩니다"
    "|อะไร|เมื่อไร|เมื่อไหร่|ที่ไหน|ใคร|ทำไม|อย่างไร|เท่าไร|เท่าไหร่|กี่|ไหม|หรือไม่|ครับ|ค่ะ|คะ|และ|ของ|เป็น"
)
"""What questions are asked with and sentences end with, where words cannot be told apart."""

INVISIBLE = dict.fromkeys(map(ord, "\u00ad\u200b\u200c\u200d\u2060\ufeff"), "")
WIDE_AND_JOINED = {
    code: unicodedata.normalize("NFKC", chr(code))
    for first, last in ((0xFB00, 0xFB06), (0xFF01, 0xFFDC))
    for code in range(first, last + 1)
}
PLAIN = INVISIBLE | WIDE_AND_JOINED


def space_out(text: str) -> str:
    """`text` with a space around each term of the scripts that write none, and letters folded.

    A run of Chinese gives its characters and their pairs; one of Japanese syllables, Korean, Thai,
    Lao, Burmese or Khmer its pairs.
    """
    if text.isascii():
        return text
    folded = _fold(text)
    if not RUN.search(folded):
        return folded
    return RUN.sub(lambda run: f" {' '.join(_terms(run))} ", QUESTION_WORDS.sub(" ", folded))


def count_words(text: str) -> int:
    """Words of `text`, two letters counted as one word where no space parts them."""
    letters = len(LETTER_WITHOUT_SPACES.findall(text))
    return len(re.findall(r"\w+", LETTER_WITHOUT_SPACES.sub(" ", text))) + (letters + 1) // 2


def _fold(text: str) -> str:
    """Composed, with wide letters and ligatures as plain ones, without marks left over."""
    if not PLAIN.keys().isdisjoint(map(ord, set(text))):
        text = text.translate(PLAIN)
    text = unicodedata.normalize("NFC", text)
    marks = {ord(letter): "" for letter in set(text) if unicodedata.combining(letter)}
    return text.translate(marks) if marks else text


def _terms(run: re.Match[str]) -> Iterator[str]:
    text = run.group()
    kind = run.lastgroup
    units = CLUSTER.findall(text) if kind == "other" else list(text)
    if kind == "han":
        yield from units
    elif kind == "hangul" and len(units) <= 2:  # the second is often a particle
        yield units[0]
    elif len(units) == 1 and kind != "hiragana":
        yield text
    yield from (first + second for first, second in pairwise(units))
