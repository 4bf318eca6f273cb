"""Which texts are English."""

import pytest

from rag.support.languages import is_english


@pytest.mark.parametrize(
    "text", ["The ship sails at noon.", "Guillemot: 7", "", "Who may bring a dog in the saloon?"]
)
def test_english_and_what_is_in_no_language_is_english(text: str) -> None:
    assert is_english(text)


@pytest.mark.parametrize(
    "text",
    [
        *("Das Landpersonal darf bis zu fünf Tage übertragen.", "Les enfants voyagent avec nous."),
        *(
            "Los barcos salen de la isla en verano.",
            "Le navi partono dalla isola.",
            "船は正午に出る。",
        ),
        "De schepen varen niet in de winter.",
        "I fornitori vengono valutati ogni anno su una scala da 1 a 10.",
        "In 2024 werden in totaal 611 dagen gehouden.",
    ],
)
def test_other_languages_are_told(text: str) -> None:
    assert not is_english(text)
