"""What documents say of themselves is read from their heads, in forms that no example has."""

from typing import Any

import pytest

from ingest.text.particulars.file_names import series_of
from ingest.text.particulars.statements import read_particulars
from rag.domain import MetadataValue

TITLE = "Car parking rules"
SPANISH: dict[str, MetadataValue] = {"version": "5", "valid_from": "2024-01-01"}


def read(
    text: str,
    *,
    title: str = TITLE,
    name: str = "rules/parking.md",
    markdown: bool = True,
    metadata: dict[str, MetadataValue] | None = None,
) -> tuple[dict[str, MetadataValue], list[str]]:
    return read_particulars(
        text,
        title=title,
        name=name,
        media_type="text/markdown" if markdown else "application/pdf",
        is_markdown=markdown,
        metadata=metadata or {},
    )


def said(text: str, **given: Any) -> dict[str, MetadataValue]:
    found, doubts = read(text, **given)
    assert doubts == []
    found.pop("series", None)
    return found


@pytest.mark.parametrize(
    ("head", "expected"),
    [
        (
            "Policy HR/017, rev. 2.1, effective 5 May 2023.",
            {"number": "HR/017", "version": "2.1", "valid_from": "2023-05-05"},
        ),
        ("Issue 4 (June 2024).", {"version": "4", "date": "2024-06"}),
        (
            "This is the 3rd edition. Last updated: 2024-06-30",
            {"version": "3", "date": "2024-06-30"},
        ),
        ("Valid from 1 to 30 April 2025.", {"valid_from": "2025-04-01", "valid_to": "2025-04-30"}),
        (
            "Valid from 1 May 2024 until 30 April 2025",
            {"valid_from": "2024-05-01", "valid_to": "2025-04-30"},
        ),
        (
            "Comes into force on 1 July 2024; expires 2026-06-30.",
            {"valid_from": "2024-07-01", "valid_to": "2026-06-30"},
        ),
        ("Adopted by the board on 3 June 2024", {"date": "2024-06-03"}),
        (
            "Richtlinie QM-12, Fassung 3, gültig ab 1. Juli 2024. Ersetzt Fassung 2 vom 1.1.2020.",
            {
                "number": "QM-12",
                "version": "3",
                "valid_from": "2024-07-01",
                "replaces": ("version 2", "2020-01-01"),
            },
        ),
        ("Stand: 15.02.2024", {"date": "2024-02-15"}),
        ("Diese Ordnung tritt am 1. Oktober 2023 in Kraft.", {"valid_from": "2023-10-01"}),
        (
            "Version 2, en vigueur à compter du 1er juin 2024",
            {"version": "2", "valid_from": "2024-06-01"},
        ),
        (
            "Mise à jour le 4 mai 2024. Remplace le règlement RH-2.",
            {"date": "2024-05-04", "replaces": ("RH-2",)},
        ),
        (
            "Versión 5, vigente desde el 1 de enero de 2024.",
            {"version": "5", "valid_from": "2024-01-01"},
        ),
        ("Status: Draft", {"status": "draft"}),
        (
            "This document has been withdrawn. It was replaced by HR-20.",
            {"status": "withdrawn", "replaced_by": ("HR-20",)},
        ),
        ("Supersedes the Parking by-law of 2 March 2019.", {"replaces": ("2019-03-02",)}),
        ("Replaces the visitors' charter.", {"replaces": ("the visitors' charter",)}),
    ],
)
def test_a_head_states_its_particulars(head: str, expected: dict[str, MetadataValue]) -> None:
    assert said(f"# {TITLE}\n\n{head}\n\n## Who may park\n\nVersion 9 of 1 May 2011.") == expected


@pytest.mark.parametrize(
    "table",
    [
        "| Document no. | QM-12 |\n|---|---|\n| Version | 4.0 |\n| Effective date | 1 July 2024 |",
        "**Document no.**: Version; **QM-12**: 4.0\n\n"
        "**Document no.**: Effective date; **QM-12**: 2024-07-01",
        "Document no.: QM-12\nVersion: 4.0\nEffective date: July 1, 2024",
    ],
)
def test_a_table_of_particulars_is_read(table: str) -> None:
    expected = {"number": "QM-12", "version": "4.0", "valid_from": "2024-07-01"}
    assert said(f"# {TITLE}\n\n{table}\n\n## Rules\n\nNone.") == expected
    assert said(f"# {TITLE}\n\n## Rules\n\nNone.\n\n## Document control\n\n{table}") == expected


@pytest.mark.parametrize(
    "text",
    [
        f"# {TITLE}\n\nSince 1 March 2019 visitors pay €2.\n\n## New\n\nIn force from 1 May 2024.",
        f"# {TITLE}\n\nDraft: 3.2 m. Length: 40 m.",
        f"# {TITLE}\n\nA 2nd version of the form is at the desk of version control.",
        f"# {TITLE}\n\nCars replaced by buses may park.",
        "Minutes\n" + "We met. " * 120 + "Version 3, in force from 1 May 2024.",
    ],
)
def test_what_is_not_said_of_the_document_is_not_read(text: str) -> None:
    found = said(text, markdown=text.startswith("#"))
    assert not found.keys() & {"version", "valid_from", "status", "date", "number"}


def test_a_mail_about_a_document_is_none_of_its_versions() -> None:
    found, doubts = read_particulars(
        "Please find policy HR-17, version 3, in force from 1 May 2024.",
        title="New policy",
        name="inbox/1.eml",
        media_type="message/rfc822",
        is_markdown=False,
        metadata={},
    )
    assert (found, doubts) == ({}, [])


def test_minutes_take_no_number_from_what_they_speak_of() -> None:
    found = said(
        "# Minutes of 4 May 2024\n\nPolicy HR-17 was approved.", title="Minutes of 4 May 2024"
    )
    assert "number" not in found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("rules/parking-v3.1.pdf", {"version": "3.1"}),
        ("rules/parking_rev2.pdf", {"version": "2"}),
        ("rules/parking_draft.md", {"status": "draft"}),
        ("rules/2024-05-03 parking.md", {"date": "2024-05-03"}),
        ("rules/parking-2023.md", {"date": "2023"}),
        ("rules/overdraft.md", {}),
    ],
)
def test_the_name_of_a_file_tells_what_its_text_does_not(
    name: str, expected: dict[str, MetadataValue]
) -> None:
    assert said(f"# {TITLE}\n\nPark here.", name=name) == expected


def test_the_year_in_the_name_of_a_report_is_what_it_is_about() -> None:
    assert said("# Annual report\n\nGood.", title="Annual report", name="report-2023.md") == {}


def test_front_matter_says_it_under_many_names() -> None:
    front: dict[str, MetadataValue] = {
        "effective-date": "2024-07-01",
        "Revision": 4,
        "supersedes": ("old.md",),
        "state": "Draft",
        "number": 7,
    }
    assert said(f"# {TITLE}\n\nVersion 3, in force from 1 May 2020.", metadata=front) == {
        "valid_from": "2024-07-01",
        "version": "4",
        "replaces": ("old.md",),
        "status": "draft",
    }


@pytest.mark.parametrize(
    ("head", "key"),
    [
        ("In force from 31 February 2024.", "valid_from"),
        ("Valid until 1 January 2099.", "valid_to"),
        ("Last updated: 03/04/2025", "date"),
    ],
)
def test_a_day_in_doubt_is_left_out_aloud(head: str, key: str) -> None:
    found, doubts = read(f"# {TITLE}\n\n{head}")
    assert key not in found
    assert len(doubts) == 1
    assert key in doubts[0]


def test_an_end_before_the_beginning_is_left_out_aloud() -> None:
    found, doubts = read(f"# {TITLE}\n\nValid from 1 May 2024. Valid until 1 May 2023.")
    assert found["valid_from"] == "2024-05-01"
    assert "valid_to" not in found
    assert "2023-05-01" in doubts[0]


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        (
            ("hr/leave-2023.md", "Leave policy 2023"),
            ("hr/leave-2025.md", "Leave policy 2025"),
            True,
        ),
        (
            ("hr/leave.md", "Leave policy (draft)"),
            ("hr/archive/2019/leave.md", "Leave policy"),
            True,
        ),
        (("a/guide.md", "User guide"), ("b/guide.md", "User guide"), False),
        (("r/1.md", "Annual report 2023"), ("r/2.md", "Annual report 2024"), False),
        (("r/1.md", "Pets: Route 1"), ("r/2.md", "Pets: Route 3"), False),
        (("s/v1.csv", "v1"), ("s/v2.csv", "v2"), True),
    ],
)
def test_versions_of_one_document_are_one_series(
    one: tuple[str, str], other: tuple[str, str], are_one: bool
) -> None:
    assert (series_of(*one) == series_of(*other)) is are_one
