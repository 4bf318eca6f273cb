"""Numbers written as words: English in full, five other languages up to a few thousand."""

import re
from functools import cache

UNITS = {
    "en": "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen "
    "fifteen sixteen seventeen eighteen nineteen",
    "de": "null eins zwei drei vier fünf sechs sieben acht neun zehn elf zwölf dreizehn vierzehn "
    "fünfzehn sechzehn siebzehn achtzehn neunzehn",
    "fr": "zéro un deux trois quatre cinq six sept huit neuf dix onze douze treize quatorze quinze "
    "seize dix-sept dix-huit dix-neuf",
    "es": "cero uno dos tres cuatro cinco seis siete ocho nueve diez once doce trece catorce "
    "quince dieciséis diecisiete dieciocho diecinueve",
    "it": "zero uno due tre quattro cinque sei sette otto nove dieci undici dodici tredici "
    "quattordici quindici sedici diciassette diciotto diciannove",
    "nl": "nul een twee drie vier vijf zes zeven acht negen tien elf twaalf dertien veertien "
    "vijftien zestien zeventien achttien negentien",
}
TENS = {
    "en": "twenty thirty forty fifty sixty seventy eighty ninety",
    "de": "zwanzig dreißig vierzig fünfzig sechzig siebzig achtzig neunzig",
    "fr": "vingt trente quarante cinquante soixante soixante-dix quatre-vingt quatre-vingt-dix",
    "es": "veinte treinta cuarenta cincuenta sesenta setenta ochenta noventa",
    "it": "venti trenta quaranta cinquanta sessanta settanta ottanta novanta",
    "nl": "twintig dertig veertig vijftig zestig zeventig tachtig negentig",
}
LARGE = {
    **dict.fromkeys(("hundred", "hundert", "cien", "ciento", "cento", "honderd"), 100),
    **dict.fromkeys(("thousand", "tausend", "mille", "mil", "mila", "duizend"), 1000),
    **dict.fromkeys(("million", "millions", "millionen", "millón", "millones"), 1_000_000),
    **dict.fromkeys(("milioni", "miljoen", "mio"), 1_000_000),
    **dict.fromkeys(("billion", "milliarde", "milliarden", "milliards"), 1_000_000_000),
}
PARTS = {
    **dict.fromkeys(("half", "halbe", "halben", "halber", "halbes", "halb", "hälfte"), 0.5),
    **dict.fromkeys(("moitié", "demi", "demie", "mitad", "medio", "metà"), 0.5),
    **dict.fromkeys(("mezzo", "mezza", "helft", "halve"), 0.5),
    **dict.fromkeys(("quarter", "viertel", "quart", "cuarto", "kwart"), 0.25),
    **dict.fromkeys(("dozen", "dutzend", "douzaine", "docena", "dozzina", "dozijn"), 12),
    **dict.fromkeys(("twice", "zweimal"), 2),
    "thrice": 3,
    **dict.fromkeys(("anderthalb", "eineinhalb", "anderhalf", "anderhalve"), 1.5),
    **dict.fromkeys(("both", "couple", "beide", "beiden", "entrambi"), 2),
}
"""Parts, dozens and times, which stand for numbers too."""
DOZENS = frozenset(word for word, value in PARTS.items() if value == 12)
FRACTIONS = {
    **dict.fromkeys(("quarters", "quarter"), 4),
    **dict.fromkeys(("drittel", "tiers", "tercio", "tercios", "terzo", "terzi"), 3),
    **dict.fromkeys(("quarts", "cuartos", "quarti"), 4),
    **dict.fromkeys(("fünftel", "cinquième", "quinto", "quinti"), 5),
    "zehntel": 10,
}
AMBIGUOUS = frozenset(("once", "un", "uno", "een", "sei", "due", "sept"))
"""Words of one language that mean something else in another: "once" is eleven in Spanish."""
ORDINALS = {
    name: at
    for at, name in enumerate(
        re.findall(
            r"\w+",
            "first second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth "
            "thirteenth fourteenth fifteenth sixteenth seventeenth eighteenth nineteenth twentieth",
        ),
        1,
    )
}
HUNDREDS = re.compile(r"(\w*?)(?:hundert|honderd|cento|cientos|cents)(?:und)?(\w*)")


def read_compound(word: str) -> int:
    """The value of "zweihundertzwanzig", written as one word; 0 where it is none."""
    found = HUNDREDS.fullmatch(word)
    if not found:
        return 0
    small = small_numbers() | {"": 1, "ein": 1, "due": 2, "sei": 6}
    before, after = small.get(found.group(1), 0), small.get(found.group(2), 0)
    rest = after if found.group(2) else 0
    return 100 * before + rest if before and (rest or not found.group(2)) else 0


def denominator(word: str) -> int:
    """Into how many parts "third" or "thirty-sixth" takes a whole; 0 for no fraction."""
    ten, dash, last = word.partition("-")
    if dash and small_numbers().get(ten, 0) >= 20 and last in ORDINALS:
        return small_numbers()[ten] + ORDINALS[last]
    one = ORDINALS.get(word) or ORDINALS.get(word.removesuffix("s"), 0)
    return FRACTIONS.get(word) or (one if one > 2 else 0)


@cache
def small_numbers() -> dict[str, int]:
    """Every number word below a hundred, of all languages; "a" and its like are none."""
    found: dict[str, int] = {}
    for language, names in UNITS.items():
        units, tens = names.split(), TENS[language].split()
        found |= {name: at for at, name in enumerate(units)}
        for ten, name in enumerate(tens, 2):
            found[name] = 10 * ten
            for one in range(1, 20 if language == "fr" else 10):
                for word in _joined(language, name, units[one]):
                    found.setdefault(word, 10 * ten + one)
    return {word: value for word, value in found.items() if word not in AMBIGUOUS}


def _joined(language: str, ten: str, one: str) -> tuple[str, ...]:
    if language == "de":
        return (f"{'ein' if one == 'eins' else one}und{ten}",)
    if language == "nl":
        return (f"{one}en{ten}", f"{one}ën{ten}")
    if language == "it":
        return (ten[:-1] + one, ten + one) if one in ("uno", "otto") else (ten + one,)
    if language == "es":
        return (f"veinti{one}",) if ten == "veinte" else (f"{ten}-y-{one}",)
    if language == "fr":
        return (f"{ten}-{one}", f"{ten}-et-{one}")
    return (f"{ten}-{one}",)
