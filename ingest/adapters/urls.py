"""URLs as they are recorded and shown: never with a user's name or password."""

AT_SIGN_MEANS_MORE = ("abfs", "github")
"""Protocols that name a container or a branch before or after an at sign, and no user."""


def without_credentials(url: str) -> str:
    """The URL without the user's name and password, in each link of a chain of URLs."""
    return "::".join(_split(part)[0] for part in url.split("::"))


def credentials_of(url: str) -> list[str]:
    """What `without_credentials` leaves out, so that no message repeats it."""
    found = [_split(part)[1] for part in url.split("::")]
    passwords = [each.partition(":")[2] for each in found]
    return sorted({each for each in (*found, *passwords) if each}, key=len, reverse=True)


def _split(part: str) -> tuple[str, str]:
    protocol, separator, rest = part.partition("://")
    if not separator or protocol in AT_SIGN_MEANS_MORE:
        return part, ""
    authority, slash, path = rest.partition("/")
    credentials, _, host = authority.rpartition("@")
    return f"{protocol}://{host}{slash}{path}", credentials
