"""One line to a chat channel; that it cannot be told never changes what a night found."""

import httpx

TIMEOUT_S = 10.0  # chosen: a channel that is slower may miss it


def post(line: str, url: str) -> str:
    """Send `{"text": line}` to a webhook; returns what went wrong, which never names the URL."""
    try:
        reply = httpx.post(url, json={"text": line}, timeout=TIMEOUT_S)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return f"the channel was not told: {type(error).__name__}"
    return "" if reply.is_success else f"the channel was not told: it says {reply.status_code}"
