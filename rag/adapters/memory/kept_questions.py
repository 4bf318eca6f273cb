"""The questions that were asked, in memory: for tests and for trying an idea."""

from rag.journal.exchange import Exchange


class MemoryQuestionLog:
    """Keeps them all in `exchanges`."""

    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []

    def record(self, exchange: Exchange) -> None:
        """Keep it."""
        self.exchanges.append(exchange)

    def close(self) -> None:
        """Nothing is open."""
