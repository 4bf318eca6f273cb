"""Mail as its reader sees it, of whatever parts it is made."""

from pathlib import Path

import pytest

from rag.errors import ExtractionFailed
from tests.ingest.files import read

HEAD = "From: =?utf-8?q?J=C3=BCrg?= <j@x.org>\r\nTo: b@x.org\r\nSubject: Berth\r\n"
DATED = HEAD + "Date: Tue, 12 Mar 2024 14:05:00 +0100\r\nMIME-Version: 1.0\r\n"
WEB = '<p>Seen.</p><div style="display:none">order</div><p>End.</p>'
STYLED = "<style>i{color:#fefefe}</style><p>Seen.</p><i>order</i><p>End.</p>"


def part(kind: str, content: str, more: str = "") -> str:
    """One part of a mail."""
    return f"--b\r\nContent-Type: {kind}\r\n{more}\r\n{content}\r\n"


def mail(kind: str, *parts: str) -> bytes:
    """A mail of these parts."""
    head = f'{DATED}Content-Type: multipart/{kind}; boundary="b"\r\n\r\n'
    return f"{head}{''.join(parts)}--b--\r\n".encode()


def test_a_mail_says_who_wrote_it_and_when(tmp_path: Path) -> None:
    found = read(tmp_path, "a.eml", f"{DATED}\r\nThe berth\r\nis free.\r\n".encode())
    assert found.text == (
        "Subject: Berth\nFrom: Jürg <j@x.org>\nTo: b@x.org\n"
        "Date: Tue, 12 Mar 2024 14:05:00 +0100\n\nThe berth\nis free."
    )
    wide = f"{DATED}\r\nThe berth\r\nis free.\r\n".encode("utf-16")
    assert read(tmp_path, "a.eml", wide).text == found.text
    assert found.title == "Berth"
    assert found.metadata == {
        "author": "Jürg <j@x.org>",
        "created": "2024-03-12T14:05:00+01:00",
    }


@pytest.mark.parametrize("name", ["a.eml", "a.mhtml"])
@pytest.mark.parametrize("body", [WEB, STYLED])
def test_hidden_text_of_a_mail_is_left_out(tmp_path: Path, name: str, body: str) -> None:
    found = read(tmp_path, name, f"{HEAD}Content-Type: text/html\r\n\r\n{body}".encode())
    assert found.text.endswith("\n\nSeen.\n\nEnd.")
    assert found.notes == ("5 hidden characters left out",)


def test_a_body_given_twice_is_read_once_and_a_footer_is_kept(tmp_path: Path) -> None:
    both = (part("text/plain", "Plain."), part("text/html", WEB))
    assert read(tmp_path, "a.eml", mail("alternative", *both)).text.endswith("\n\nPlain.")
    blank = (part("text/plain", " "), part("text/html", WEB))
    assert read(tmp_path, "a.eml", mail("alternative", *blank)).text.endswith("Seen.\n\nEnd.")
    footer = (part("text/html", WEB), part("text/plain", "The footer."))
    assert read(tmp_path, "a.eml", mail("mixed", *footer)).text.endswith("End.\n\nThe footer.")


def test_attachments_are_named_and_not_read(tmp_path: Path) -> None:
    attached = part("text/plain", "secret", "Content-Disposition: attachment; filename=x.txt\r\n")
    found = read(tmp_path, "a.eml", mail("mixed", part("text/plain", "Body."), attached))
    assert "secret" not in found.text
    assert found.notes == ("attachments not read: x.txt",)


def test_a_mail_without_a_readable_body_says_so(tmp_path: Path) -> None:
    sealed = part("application/octet-stream", "-----BEGIN PGP MESSAGE-----")
    found = read(tmp_path, "a.eml", mail("encrypted", sealed))
    assert found.text.startswith("Subject: Berth")
    assert found.notes == ("no body that can be read: encrypted, or attachments only",)


def test_broken_headers_and_charsets_are_read_as_far_as_they_go(tmp_path: Path) -> None:
    raw = b"Subject: =?nonsense?q?x?=\r\nDate: never\r\nContent-Type: text/plain; charset=no\r\n"
    found = read(tmp_path, "a.eml", raw + b"\r\nZ\xfcrich is far.")
    assert found.text.endswith("Zürich is far.")
    assert found.metadata == {}


def test_a_mail_nested_without_end_is_refused_or_read(tmp_path: Path) -> None:
    nest = "".join(
        f'Content-Type: multipart/mixed; boundary="b{n}"\r\n\r\n--b{n}\r\n' for n in range(3000)
    )
    try:
        found = read(tmp_path, "a.eml", (HEAD + nest + "deep").encode())
    except ExtractionFailed as error:
        assert "nested" in str(error)
    else:
        assert found.title == "Berth"
