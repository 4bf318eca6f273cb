"""What may be said of documents, and how it is typed."""

import pytest

from ingest.sources.labels import parse_labels
from rag.domain import MetadataValue
from rag.errors import UsageError


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", 0),
        ("-12", -12),
        ("007", "007"),
        ("00.5", "00.5"),
        ("0.50", 0.5),
        ("1e5", "1e5"),
        ("\N{ARABIC-INDIC DIGIT FIVE}", "\N{ARABIC-INDIC DIGIT FIVE}"),
        ("1234567890123456", "1234567890123456"),
        ("True", "True"),
        ("Annual\u00a0report \N{PARTY POPPER}", "Annual\u00a0report \N{PARTY POPPER}"),
    ],
)
def test_a_number_is_one_only_if_nothing_of_it_is_lost(text: str, value: MetadataValue) -> None:
    found = parse_labels([f"key={text}"], [], []).labels().metadata["key"]
    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("mark", ["\n", "\u2028", "\u202e", "\u200b", "\udcff", "\x1b"])
def test_values_hold_nothing_that_breaks_hides_or_turns_a_line(mark: str) -> None:
    with pytest.raises(UsageError, match="must be a text"):
        parse_labels([f"key=a{mark}b"], [], [])
