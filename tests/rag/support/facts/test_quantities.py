"""Amounts in digits and words, with their units and bounds."""

import pytest

from rag.support.facts.quantities import Quantity, find_quantities


def only(text: str) -> Quantity:
    (found,) = find_quantities(text)
    return found


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("twenty-six days", "26 days"),
        ("sechsundzwanzig Tage", "26 days"),
        ("vingt-six jours", "26 days"),
        ("mille litres", "1000 litres"),
        ("1,040 kWh", "1040 kilowatt-hours"),
        ("20 000 people", "20,000 people"),
        ("3,5 km", "3.5 kilometres"),
        ("an hour and a half", "90 minutes"),
        ("an hour and a quarter", "75 minutes"),
        ("half an hour", "30 min"),
        ("half a dozen", "six"),
        ("four fifths", "80 per cent"),
        ("every second crossing", "half"),
        ("a hundred and twenty hours", "120 h"),
        ("four weeks", "28 days"),
        ("two years", "24 months"),
        ("7.15 am", "07:15"),
        ("7 pm", "19 Uhr"),
        ("€0.42", "42 cents"),
        ("EUR 5", "5 euros"),
        ("$3.9 million", "3,900,000 dollars"),
    ],
)
def test_the_same_amount_is_known_in_other_forms(one: str, other: str) -> None:
    assert only(one).equals(only(other))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("26 days", "31 days"),
        ("26 days", "26 weeks"),
        ("300 metres", "300 feet"),
        ("€62", "£62"),
        ("118.3 billion dollars", "118.3 million dollars"),
        ("two thirds", "half"),
        ("07:15", "7 pm"),
    ],
)
def test_other_amounts_or_units_are_not_the_same(one: str, other: str) -> None:
    assert not only(one).equals(only(other))


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("at least 10 hours", "at least"),
        ("10 hours or more", "at least"),
        ("up to 10 hours", "at most"),
        ("no later than 10 hours", "at most"),
        ("nobody may bring more than three dogs", "at most"),
        ("under the age of 5", "at most"),
        ("mindestens 10 Stunden", "at least"),
        ("10 hours", ""),
    ],
)
def test_an_amount_has_the_bound_that_is_said(text: str, bound: str) -> None:
    assert only(text).bound == bound


def test_the_first_number_of_a_range_has_the_unit_of_the_last() -> None:
    assert [each.kind for each in find_quantities("30 to 59 minutes")] == ["time", "time"]


def test_what_an_amount_is_paid_for_is_known() -> None:
    assert only("€0.44 per km").rate == only("€0.44 a kilometre").rate == "kilometre"


def test_numbers_of_dates_and_codes_are_no_amounts() -> None:
    assert find_quantities("Form FN-07 of 3 March 2025 and 15–16 September") == []


def test_a_word_of_another_language_is_no_number() -> None:
    assert find_quantities("The refund is due once the claim is in.") == []


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("an hour and a half", "1½ hours"),
        ("90 minutes", "1 hr 30 min"),
        ("two hours and fifteen minutes", "135 minutes"),
        ("three quarters of an hour", "3/4 of an hour"),
        ("two thirds of the fees", "2/3 of the fees"),
        ("a twelfth of them", "one twelfth of them"),
        ("7 euros 80", "€7.80"),
        ("€4.5k", "4,500 euros"),
        ("one and a half times", "150 per cent"),
        ("zweihundertzwanzig", "220"),
        ("anderhalf uur", "90 minuten"),
        ("am Mittwoch", "on Wednesdays"),
        ("0.5 GB", "500 MB"),
    ],
)
def test_an_amount_is_the_same_in_another_spelling(one: str, other: str) -> None:
    (first,), (second,) = find_quantities(one), find_quantities(other)
    assert first.equals(second)


def test_numbers_beside_each_other_in_a_row_stay_two() -> None:
    values = [max(each.values) for each in find_quantities("Petrel Queen 148,200 397 -12.3 %")]
    assert values == [148_200, 397, 12.3]


def test_a_version_is_no_amount_of_anything() -> None:
    version, amount = find_quantities("version 4.0 pays 4")
    assert not version.equals(amount)
