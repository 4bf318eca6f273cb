"""The phrases by which documents state their particulars, in English, German, French and Spanish.

Each ends where the value begins. They are looked for in heads of documents alone, which are short.
"""

import re

_GAP = r"[\s:*|]{0,6}"
_WEEKDAY = r"(?:(?:mon|tue|wed|thu|fri|sat|sun)[a-z]{0,6},?\s+)?"
_DAY_GAP = rf"{_GAP}(?:(?:on|the|am|le|el)\s+)?{_WEEKDAY}"
VALID_FROM = re.compile(
    r"""\b(?:in\s+(?:force|effect)(?:\s+(?:from|since|as\s+of|as\s+from|on))?
    |(?:comes?|came|enters?|entered|entry)\s+into\s+(?:force|effect)
    |effective(?:\s+(?:date|from|as\s+of|on))?|takes\s+effect|with\s+effect\s+from
    |(?:valid|applies|applicable)[\s_](?:from|since|as\s+of)|valid(?=\s+\d)
    |g(?:ü|ue)ltig[\s_](?:ab|seit|vom|von)|gilt\s+(?:ab|seit)|tritt\s+(?:am|zum)
    |in\s+kraft(?:\s+(?:ab|seit|getreten|treten))?|inkrafttreten|wirksam\s+(?:ab|zum)
    |en\s+vigueur(?:\s+(?:depuis|dès|(?:à\s+)?(?:compter|partir)\s+du))?
    |(?:valable|applicable)\s+(?:depuis|dès|du|(?:à\s+)?(?:compter|partir)\s+du)
    |(?:en\s+vigor|vigente|válid[oa]|vigencia)(?:\s+(?:desde|a\s+partir\s+del?))?)"""
    + _DAY_GAP,
    re.I | re.X,
)
VALID_TO = re.compile(
    r"""\b(?:(?:valid|in\s+force)[\s_](?:until|till|to|through)|expires|expiry(?:\s+date)?
    |g(?:ü|ue)ltig[\s_]bis|gilt\s+bis|valable\s+jusqu['’]au|expire
    |(?:válid[oa]|vigente)\s+hasta|caduca|vence)"""
    + _DAY_GAP,
    re.I | re.X,
)
UNTIL = re.compile(
    r"\s{0,6}(?:(?:to|until|till|through|bis|zum|au|al|hasta)\b|[-–])\s{0,6}(?:(?:zum|el)\s{1,6})?",
    re.I,
)
DATED = re.compile(
    r"""\b(?:issued|approved|adopted|published|updated|reviewed|edited|revised|amended|dated|closed
    |(?:(?:issue|publication|revision|release)\s+|(?<![a-z]\s))date(?:\s+of\s+(?:issue|publication))?
    |as\s+of|stand|datum|beschlossen|veröffentlicht
    |aktualisiert|geändert|überarbeitet|freigegeben|daté|mise?\s+à\s+jour|publiée?|approuvée?
    |adoptée?|fecha|actualizad[oa]|aprobad[oa]|publicad[oa]|revisad[oa]
    |(?:version|fassung|ausgabe|versión)\s+(?:of|vom|du|del?))
    (?:\s+by\s+[\w\s]{1,40}?(?=\s+on\b))?(?:\s+(?:on|of|am|vom|du|de|del|le|el))?"""
    + _DAY_GAP,
    re.I | re.X,
)
VERSION = re.compile(
    r"(?<![\w-])(?:version|revision|edition|issue|rev\.|ver\.|fassung|ausgabe|auflage|révision|édition"
    r"|versión|revisión|edición)(?:\s+(?:no\.?|nr\.?|number|nummer|n[°º]))?"
    + _GAP
    + r"v?(?P<after>\d{1,4}(?:\.\d{1,4}){0,3}[a-z]?)\b(?!\.\s+\w+\s+\d{4})"
    r"|\bv(?P<short>\d{1,3}(?:\.\d{1,4}){0,3})\b"
    r"|\b(?P<before>\d{1,3})(?:st|nd|rd|th|\.|e|ème|ª)\s+(?:edition|revision|auflage|ausgabe"
    r"|fassung|édition|edición)\b",
    re.I,
)
DAY_OF_VERSION = re.compile(r"[\s,(;]{1,4}(?:(?:of|from|dated|vom|du|del?)\s+)?(?:the\s+)?", re.I)
CODE = r"(?P<code>[A-Z][A-Z0-9]{0,7}(?:[-/.][A-Z0-9]{1,8}){1,3})\b"
CODES = re.compile(CODE)
NUMBER = re.compile(
    r"(?i:\b(?:document|policy|procedure|report|regulation|instruction|guideline|form|doc\.|ref\."
    r"|reference|dokument|richtlinie|anweisung|dienstanweisung|kennung|référence|règlement"
    r"|documento|norma|procedimiento|referencia)(?:\s+(?:no\.?|nr\.?|number|nummer|id|n[°º]))?"
    + _GAP
    + r"|\b(?:no\.|nr\.|n[°º])\s*)"
    + CODE
)
LEADING_CODE = re.compile(CODE + r"(?=\s*[:–]|\s+-)")
REPLACES = re.compile(
    r"\b(?:replaces|replacing|supersedes|superseding|ersetzt(?!\s+durch)|remplace|sustituye"
    r"|reemplaza|deroga)\b",
    re.I,
)
REPLACED_BY = re.compile(
    r"\b(?:(?:superseded|replaced)\s+by|ersetzt\s+durch|remplacée?\s+par"
    r"|(?:sustituid|reemplazad)[oa]\s+por)\b",
    re.I,
)
SENTENCE_END = re.compile(r"[.;!?](?=\s)(?<!\bno\.)(?<!\bnr\.)|\n\s*\n|\n(?=[|#*-])", re.I)
_STATE = r"^\W*(?:(?:document\s+)?(?:status|état|estado)\W{1,6})?"
STATUS = {
    "draft": re.compile(
        _STATE + r"(?:(?:working|first|final)\s+)?(?:draft(?:\s+(?:version|for\s.*|only))?"
        r"|entwurf|projet|borrador)\W*$|[(\[–-]\s*(?:draft|entwurf|projet|borrador)\s*[)\]]?\s*$"
        r"|\bdraft(?:\s+version)?\s+v?\d|\bthis\s+is\s+a\s+draft",
        re.I | re.M,
    ),
    "withdrawn": re.compile(
        _STATE + r"(?:withdrawn|obsolete|no\s+longer\s+(?:in\s+force|valid)|zurückgezogen"
        r"|außer\s+kraft|ungültig|abrogée?|retiré|derogad[oa])\b"
        r"|[(\[–-]\s*(?:withdrawn|obsolete|zurückgezogen|abrogée?|derogad[oa])\s*[)\]]?\s*$"
        r"|\b(?:document|policy|version|procedure)\s+(?:is|was|has\s+been)\s+withdrawn",
        re.I | re.M,
    ),
}
CONTROL = re.compile(
    r"(?:document|version)\s+(?:control|information|details|data)|particulars"
    r"|dokument(?:en)?(?:lenkung|information|angaben)|contrôle\s+du\s+document"
    r"|control\s+del?\s+documento",
    re.I,
)
"""The heading of a section about the document itself."""
RECORD = re.compile(
    r"\b(?:minutes|agenda|reports?|(?:annual|quarterly)\s+accounts|newsletter|statistics|survey"
    r"|bulletin|protokoll|niederschrift|\w*bericht|\w*abschluss|rundbrief|procès[- ]verbal"
    r"|compte[- ]rendu|rapport|comptes\s+annuels|acta|informe|cuentas\s+anuales|boletín)\b",
    re.I,
)
RULES = re.compile(
    r"polic(?:y|ies)|rules?\b|guide|handbook|manual|procedure|regulations?|terms|standards?|tariff"
    r"|fares|prices?|price[- ]list|fees|timetable|richtlinie|ordnung|satzung|regeln|handbuch"
    r"|anleitung|preisliste|tarif|fahrplan|règlement|charte|statuts|guide|directive|horaire"
    r"|normas?|reglamento|política|manual|tarifas|horario|estatutos",
    re.I,
)
"""Titles of what holds until the next one does."""


def is_record(title: str) -> bool:
    """Whether that is made anew each time and replaces nothing: minutes, reports."""
    return bool(RECORD.search(title)) and not RULES.search(title)
