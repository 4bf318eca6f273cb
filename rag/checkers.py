"""The part of the composition root that says what checks whether sources support a sentence."""

from collections.abc import Callable

from rag.adapters.memory.word_checker import WordChecker
from rag.answering.checking.chat_checker import ChatChecker
from rag.answering.checking.judging import Checking
from rag.errors import SettingsError
from rag.ports import ChatModel, SupportChecker
from rag.settings import Settings


def require_checker(settings: Settings) -> None:
    """Raise SettingsError where the check that is chosen lacks its model."""
    if settings.support == "model" and not settings.support_model:
        raise SettingsError(
            "RAG_SUPPORT=model needs a model: set RAG_SUPPORT_MODEL to a cross-encoder"
        )
    if settings.support == "chat" and not settings.chat_model:
        raise SettingsError("RAG_SUPPORT=chat needs a chat model: set RAG_CHAT_MODEL")


def load_checking(settings: Settings, chat_model: ChatModel | None) -> Checking:
    """How sentences are checked. Raises SettingsError, EmbedderError."""
    require_checker(settings)
    second = SECOND_CHECKERS[settings.support](settings, chat_model)
    return Checking(WordChecker(), second, withholds=settings.unsupported == "withhold")


def _load_support_model(settings: Settings, _: ChatModel | None) -> SupportChecker:
    from rag.adapters.embedding.entailment import EntailmentChecker

    budget_s = settings.support_budget_ms / 1000
    return EntailmentChecker(settings.support_model, budget_s=budget_s)


def _ask_chat_model(settings: Settings, chat_model: ChatModel | None) -> SupportChecker | None:
    if chat_model is None:
        return None
    return ChatChecker(chat_model, budget_s=settings.support_budget_ms / 1000)


SECOND_CHECKERS: dict[str, Callable[[Settings, ChatModel | None], SupportChecker | None]] = {
    "local": lambda *_: None,
    "model": _load_support_model,
    "chat": _ask_chat_model,
}
"""What has the last word about a sentence, behind the local check."""
