"""Settings: read once, unknown names refused, secrets never shown."""

import pytest

from rag.errors import SettingsError
from rag.settings import Settings, load_settings


def test_an_unknown_name_is_refused_with_the_nearest_known_one() -> None:
    with pytest.raises(SettingsError, match=r"RAG_TOPK.*did you mean RAG_TOP_K"):
        load_settings({"RAG_TOPK": "3"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("RAG_PORT", "70000"),
        ("RAG_TOP_K", "many"),
        ("RAG_JUDGE_PRICE", "0.15"),
        ("RAG_RETRIEVER", "magic"),
    ],
)
def test_a_refused_value_is_one_line_that_names_the_setting(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name) as caught:
        load_settings({name: value})
    assert "\n" not in str(caught.value)


def test_overrides_win_and_none_leaves_the_environment() -> None:
    settings = load_settings({"RAG_PORT": "9000"}, port=None, top_k=3)
    assert (settings.port, settings.top_k) == (9000, 3)


def test_other_names_are_ignored() -> None:
    assert load_settings({"PATH": "/bin", "RAGTIME": "1"}) == Settings()


def test_a_key_is_not_printed() -> None:
    settings = load_settings({"RAG_CHAT_API_KEY": "sk-secret"})
    assert "sk-secret" not in repr(settings)
    assert "sk-secret" not in str(settings)
