"""Families of versions, and which of them is in force, from what documents say alone."""

from collections.abc import Collection

import pytest

from rag.releases.editions import (
    Edition,
    Label,
    are_versions,
    before,
    find_families,
    latest,
    superseded_by,
)

DAY = "2026-06-01"


def rules(id_: str, **said: object) -> Edition:
    """A document of one series."""
    fields: dict[str, object] = {"source": f"{id_}.md", "series": "rules", **said}
    return Edition(id_, **fields)  # type: ignore[arg-type]  # fields by name


def replaced(*family: Edition, day: str = DAY) -> dict[str, str | None]:
    return {each.id: superseded_by(each.id, family, day) for each in family}


@pytest.mark.parametrize(
    ("older", "newer"),
    [
        ({"valid_from": "2023-01-01"}, {"valid_from": "2025-01-01"}),
        ({"version": "3.9"}, {"version": "3.10"}),
        ({"date": "2023"}, {"date": "2024-05"}),
        (
            {"version": "9", "valid_from": "2019-01-01"},
            {"version": "1", "valid_from": "2020"},
        ),
        ({"version": "2"}, {"replaces": ("version 2",)}),
        ({"replaced_by": ("b.md",)}, {}),
        ({"date": "2024"}, {"date": "2023", "replaces": ("a.md",)}),
        ({"status": "withdrawn", "version": "1"}, {"version": "2"}),
    ],
)
def test_the_later_version_takes_the_place_of_the_earlier(
    older: dict[str, object], newer: dict[str, object]
) -> None:
    assert replaced(rules("a", **older), rules("b", **newer)) == {"a": "b", "b": None}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"version": "1"}, {"version": "1"}),
        ({"version": "1"}, {"valid_from": "2025-01-01"}),
        ({"version": "1"}, {"version": "2", "status": "draft"}),
        ({"version": "1"}, {"version": "2", "status": "withdrawn"}),
        ({"version": "1"}, {"version": "2", "valid_from": "2026-12-01"}),
        ({"valid_from": "2020-01-01"}, {"valid_from": "2021-01-01", "valid_to": "2021-12-31"}),
        ({"replaces": ("b.md",)}, {"replaces": ("a.md",)}),
    ],
)
def test_nothing_takes_the_place_of_what_it_does_not_follow_in_force(
    one: dict[str, object], other: dict[str, object]
) -> None:
    assert replaced(rules("a", **one), rules("b", **other)) == {"a": None, "b": None}


def test_a_version_of_the_future_takes_over_on_its_day() -> None:
    family = (rules("a", version="1"), rules("b", version="2", valid_from="2026-07-01"))
    assert replaced(*family, day="2026-06-30")["a"] is None
    assert replaced(*family, day="2026-07-01")["a"] == "b"


def test_a_circle_of_two_goes_by_the_dates() -> None:
    one = rules("a", replaces=("b.md",), valid_from="2025-01-01")
    other = rules("b", replaces=("a.md",), valid_from="2023-01-01")
    assert replaced(one, other) == {"a": None, "b": "a"}


def test_a_circle_of_three_goes_by_the_dates() -> None:
    family = [
        rules(id_, replaces=(f"{next_}.md",), date=date)
        for id_, next_, date in (("a", "b", "2021"), ("b", "c", "2022"), ("c", "a", "2023"))
    ]
    assert [each.id for each in latest(family, DAY)] == ["c"]


def test_a_copy_of_the_latest_version_does_not_keep_the_old_one_in_force() -> None:
    old = rules("a", source="hr/old.md", version="1")
    copies = [rules(id_, source=f"{at}/b.md", version="2") for id_, at in (("b", "x"), ("c", "hr"))]
    assert replaced(old, *copies) == {"a": "c", "b": None, "c": None}


def test_the_versions_before_another_are_the_next_ones() -> None:
    family = [rules(id_, version=version) for id_, version in (("a", "1"), ("b", "2"), ("c", "3"))]
    assert [each.id for each in before(family[2], family)] == ["b"]
    assert before(family[0], family) == []


@pytest.mark.parametrize(
    ("one", "other", "are_one"),
    [
        ({"number": "FN-7"}, {"number": "FN-7", "series": "other"}, True),
        ({"number": "FN-7"}, {"number": "FN-8"}, False),
        ({"series": "other"}, {}, False),
        ({"language": "en"}, {"language": "de-CH"}, False),
        ({"series": "other", "replaces": ("b.md",)}, {}, True),
        ({"source": "x/a.md", "series": "", "replaces": ("b.md",)}, {"source": "x/b.md"}, True),
        ({"source": "x/a.md", "series": "", "replaces": ("b.md",)}, {"source": "y/c.md"}, False),
        ({"series": "", "replaces": ("version 2",)}, {"version": "2"}, False),
    ],
)
def test_versions_name_one_number_one_series_or_each_other(
    one: dict[str, object], other: dict[str, object], are_one: bool
) -> None:
    first, second = rules("a", **one), rules("b", **other)
    assert are_versions(first, second) is are_one
    assert are_versions(second, first) is are_one


def test_a_family_is_found_step_by_step_from_any_of_its_versions() -> None:
    known = [
        rules("a", series="", number="FN-1"),
        rules("b", series="", number="FN-2", replaces=("FN-1",)),
        rules("c", series="new", number="FN-2"),
        rules("d", series="new", number="FN-3"),
        rules("e", series="none"),
    ]

    def find(labels: Collection[Label]) -> list[Edition]:
        return [each for each in known if each.own_labels & set(labels)]

    families = find_families(known, find)
    for each in known[:3]:
        assert [one.id for one in families[each.id]] == ["a", "b", "c"]
        assert find_families([each], find)[each.id] == families[each.id]
    assert families["e"] == (known[4],)
