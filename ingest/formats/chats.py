"""Exported chats, recognised by their content: one paragraph a message, with time and sender."""

import json
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from html import unescape
from typing import Any, NamedTuple  # an export is whatever JSON the messenger wrote

from ingest.formats.content import Extraction
from ingest.text.decoding import drop_unseen

MESSAGE_BREAK = "\n\n"
LEAST_SHARE = 0.6
LOOKED_AT = 50
# `[date, time] sender: ` or `date, time - sender: `; what is looser would take logs for chats.
WHATSAPP = re.compile(
    r"\u200e?(\[)?(\d{1,4}[./-]\d{1,2}[./-]\d{1,4}), "
    r"(\d{1,2}:\d{2}(?::\d{2})?(?:[ \u202f][AaPp]\.?[Mm]\.?)?)"
    r"(?(1)\] | - )([^:\n]{1,60}): "
)
SLACK_TIME = re.compile(r"\d{9,11}(?:\.\d{1,9})?")
SLACK_MARK = re.compile(r"<(?:[^<>|\n]{1,2000}\|)?([^<>|\n]{1,2000})>")


class Message(NamedTuple):
    """What one sender wrote at one time."""

    time: str
    sender: str
    text: str


def read_chat(text: str, media_type: str, notes: tuple[str, ...]) -> Extraction | None:
    """The messages of a Slack, Telegram or WhatsApp export, or nothing where it is none."""
    title = ""
    if media_type == "application/json":
        title, messages = _read_json(text)
    else:
        messages = _whatsapp(text)
    if not messages:
        return None
    lines = [_describe(message) for message in messages if message.text]
    seen = drop_unseen(MESSAGE_BREAK.join(lines))
    return Extraction(seen.text, media_type, title, notes=notes + seen.notes)


def _read_json(text: str) -> tuple[str, list[Message]]:
    try:
        export = json.loads(text)
    except (ValueError, RecursionError):
        return "", []
    if isinstance(export, list):
        return "", _slack(export)
    if isinstance(export, dict) and isinstance(export.get("messages"), list):
        name = export.get("name")
        return name if isinstance(name, str) else "", _telegram(export["messages"])
    return "", []


def _slack(export: list[Any]) -> list[Message]:
    found = [_slack_message(entry) for entry in export]
    return [message for message in found if message] if found and all(found) else []


def _slack_message(entry: Any) -> Message | None:
    if not isinstance(entry, dict) or entry.get("type") != "message":
        return None
    stamp, text = entry.get("ts"), entry.get("text")
    if not (isinstance(stamp, str) and SLACK_TIME.fullmatch(stamp) and isinstance(text, str)):
        return None
    time = datetime.fromtimestamp(float(stamp), UTC).strftime("%Y-%m-%d %H:%M UTC")
    profile = entry.get("user_profile")
    names = profile if isinstance(profile, dict) else {}
    named = (names.get("real_name"), names.get("display_name"), entry.get("username"))
    sender = next((name for name in (*named, entry.get("user")) if name), "unknown")
    return Message(time, str(sender), _in_one_line(unescape(SLACK_MARK.sub(r"\1", text))))


def _telegram(entries: list[Any]) -> list[Message]:
    read = [_telegram_message(entry) for entry in entries if _is_message(entry)]
    return [message for message in read if message] if read and all(read) else []


def _is_message(entry: Any) -> bool:
    return not isinstance(entry, dict) or entry.get("type") == "message"


def _telegram_message(entry: Any) -> Message | None:
    if not isinstance(entry, dict):
        return None
    date, text = entry.get("date"), entry.get("text")
    if not (isinstance(date, str) and "from" in entry and isinstance(text, str | list)):
        return None
    parts = [text] if isinstance(text, str) else text
    pieces = [part.get("text", "") if isinstance(part, dict) else part for part in parts]
    words = "".join(piece for piece in pieces if isinstance(piece, str))
    sender = entry["from"] or "unknown"
    return Message(date.replace("T", " ")[:16], str(sender), _in_one_line(words))


def _whatsapp(text: str) -> list[Message]:
    lines = [line for line in text.splitlines() if line.strip()]
    first = lines[:LOOKED_AT]
    starts = sum(1 for line in first if WHATSAPP.match(line))
    if starts < 3 or starts < LEAST_SHARE * len(first):
        return []
    return list(_whatsapp_messages(lines))


def _whatsapp_messages(lines: list[str]) -> Iterator[Message]:
    message: Message | None = None
    for line in lines:
        start = WHATSAPP.match(line)
        if start:
            if message:
                yield message
            _, date, time, sender = start.groups()
            time = f"{date} {' '.join(time.split())}"
            message = Message(time, sender.strip(), _in_one_line(line[start.end() :]))
        elif message:
            message = message._replace(text=f"{message.text} {_in_one_line(line)}")
        else:
            message = Message("", "", _in_one_line(line))
    if message:
        yield message


def _in_one_line(text: str) -> str:
    return " ".join(text.replace("\u200e", "").split())


def _describe(message: Message) -> str:
    return f"[{message.time}] {message.sender}: {message.text}" if message.time else message.text
