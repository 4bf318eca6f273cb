"""Secrets taken out of text that goes to a log or a client."""

import re
from collections.abc import Collection

REDACTED = "[redacted]"
SECRETS = (
    r"\bsk[-_][\w-]{12,}"  # OpenAI, Anthropic, Stripe
    r"|\bAKIA[0-9A-Z]{12,}"
    r"|\b(?:gh[pousr]_|github_pat_)\w{16,}"
    r"|\bglpat-[\w-]{16,}"
    r"|\bxox[abprs]-[\w-]{10,}"
    r"|\bAIza[\w-]{20,}"
    r"|\bhf_\w{16,}"
    r"|\beyJ[\w-]{10,}\.[\w-]{10,}(?:\.[\w-]*)?"  # a signed token
    r"|(?<![\w+/=])(?=[a-z0-9+/]*[A-Z])(?=[A-Z0-9+/]*[a-z])(?=[A-Za-z+/]*\d)[A-Za-z0-9+/]{60,}={0,2}"
    r"|(?i:(?<=\bbearer ))[\w.~+/=-]{6,}"
)
"""The last but one is a line of a private key."""
SHAPES = re.compile(SECRETS)
SHORTEST_KEY = 8
"""Shorter keys are placeholders such as `none`, which would be found in every text."""


def redact(text: str, secrets: Collection[str] = ()) -> str:
    """`text` without `secrets` and without anything of the shape of a well-known kind of key."""
    for secret in sorted(secrets, key=len, reverse=True):
        if len(secret) >= SHORTEST_KEY:
            text = text.replace(secret, REDACTED)
    return SHAPES.sub(REDACTED, text)
