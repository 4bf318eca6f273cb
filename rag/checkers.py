"""The part of the composition root that says what checks whether sources support a sentence."""

import logging
from collections.abc import Callable
from functools import cache

from rag.adapters.embedding.weights import MULTILINGUAL_E5, Prefixes
from rag.answering.checking.chat_checker import ChatChecker
from rag.answering.checking.judging import Checking
from rag.errors import EmbedderError, SettingsError
from rag.ports import ChatModel, Embedder, SupportChecker
from rag.settings import Settings
from rag.support.local import LocalChecker
from rag.support.verdicts import Judges

log = logging.getLogger(__name__)


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
    local = load_local_checker()
    withholds = settings.unsupported == "withhold"
    return Checking(local, second, withholds=withholds, reach=local.reach)


def load_local_checker(judges: Judges | None = None) -> LocalChecker:
    """The support check that needs no download; its models are loaded at the first claim."""
    from rag.adapters.embedding.word_vectors import MiniLMWords

    return LocalChecker(MiniLMWords(), multilingual=_load_multilingual, judges=judges)


@cache
def _load_multilingual() -> Embedder | None:
    """The packaged embedder of a hundred languages, where it is installed."""
    from rag.adapters.embedding.micro_batching import MicroBatchingEmbedder
    from rag.adapters.embedding.pair import load_embedder

    try:
        return load_embedder(MULTILINGUAL_E5, "auto", Prefixes(), share=MicroBatchingEmbedder)
    except EmbedderError as error:
        log.warning("claims in other languages are checked as if they were English: %s", error)
        return None


def _load_support_model(settings: Settings, _: ChatModel | None) -> SupportChecker:
    from rag.adapters.cross_encoding.entailment import EntailmentChecker

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
