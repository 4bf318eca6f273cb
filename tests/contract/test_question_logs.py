"""What every log of questions promises, in memory and on disk, and what the one on disk does."""

import sqlite3
from abc import ABC, abstractmethod
from contextlib import closing
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from rag.adapters.memory.kept_questions import MemoryQuestionLog
from rag.adapters.stores.question_log import SqliteQuestionLog, read_questions
from rag.errors import StorageError
from rag.journal.exchange import Exchange, KeptHit
from rag.ports import QuestionLog

NOW = datetime.now(UTC)


def exchange(question: str, *, age_days: float = 0, corpus: str = "small") -> Exchange:
    asked = (NOW - timedelta(days=age_days)).isoformat()
    return Exchange(
        asked=asked,
        question=question,
        id="ans_1",
        corpus=corpus,
        release=3,
        hits=(KeptHit("d", "c", 0.5),),
        cited=("d",),
        verdicts={"supported": 2},
        timings_ms={"total": 12.5},
    )


def read_all(path: Path, corpus: str = "small") -> list[Exchange]:
    return list(read_questions(path, corpus, "", "9999"))


class QuestionLogContract(ABC):
    """Keeps what it was given, in order."""

    @abstractmethod
    def make(self, folder: Path) -> QuestionLog: ...

    @abstractmethod
    def read(self, log: QuestionLog, folder: Path) -> list[Exchange]: ...

    def test_what_was_asked_is_kept_in_order(self, tmp_path: Path) -> None:
        log = self.make(tmp_path)
        asked = [exchange(f"Question {n}?", age_days=1 - n / 1000) for n in range(500)]
        for each in asked:
            log.record(each)
        log.close()
        assert self.read(log, tmp_path) == asked


class TestMemoryQuestionLog(QuestionLogContract):
    def make(self, folder: Path) -> QuestionLog:
        return MemoryQuestionLog()

    def read(self, log: QuestionLog, folder: Path) -> list[Exchange]:
        assert isinstance(log, MemoryQuestionLog)
        return log.exchanges


class TestSqliteQuestionLog(QuestionLogContract):
    def make(self, folder: Path) -> QuestionLog:
        return SqliteQuestionLog(folder / "q.db", days=7, most=1000, secrets=["correct-horse"])

    def read(self, log: QuestionLog, folder: Path) -> list[Exchange]:
        return read_all(folder / "q.db")

    def keep(self, folder: Path, *exchanges: Exchange) -> Path:
        with closing(self.make(folder)) as log:
            for each in exchanges:
                log.record(each)
        return folder / "q.db"

    def test_what_is_too_old_goes(self, tmp_path: Path) -> None:
        self.keep(tmp_path, exchange("old?", age_days=6.9), exchange("new?"))
        path = self.keep(tmp_path, exchange("older?", age_days=7.1))
        assert [each.question for each in read_all(path)] == ["old?", "new?"]
        assert b"older?" not in path.read_bytes()

    def test_no_more_are_kept_than_were_asked_for(self, tmp_path: Path) -> None:
        first = [exchange(f"{n:04d}?") for n in range(900)]
        self.keep(tmp_path, *first)
        path = self.keep(tmp_path, *(exchange("last?") for _ in range(300)))
        kept = [each.question for each in read_all(path)]
        assert len(kept) == 1000
        assert kept[0] == "0200?"

    def test_secrets_are_masked(self, tmp_path: Path) -> None:
        path = self.keep(tmp_path, exchange("My key is correct-horse, or sk-abcdefghijklmnop?"))
        [kept] = read_all(path)
        assert kept.question == "My key is [redacted], or [redacted]?"
        assert b"correct-horse" not in path.read_bytes()

    def test_a_corpus_and_a_time_are_read_alone(self, tmp_path: Path) -> None:
        path = self.keep(
            tmp_path,
            exchange("a?", age_days=3),
            exchange("b?", age_days=2),
            exchange("c?", age_days=1),
            exchange("d?", age_days=2, corpus="other"),
        )
        start, end = ((NOW - timedelta(days=days)).isoformat() for days in (2, 1))
        assert [each.question for each in read_questions(path, "small", start, end)] == ["b?"]

    def test_a_disk_that_refuses_fails_no_request(
        self, tmp_path: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        log = self.make(tmp_path)
        with closing(sqlite3.connect(tmp_path / "q.db")) as database:
            database.executescript("DROP TABLE questions; CREATE TABLE questions (other)")
        log.record(exchange("lost?"))
        log.close()
        assert "questions are not kept in" in caplog.text

    def test_a_folder_that_is_not_there_is_told_at_the_start(self, tmp_path: Path) -> None:
        with pytest.raises(StorageError, match="questions cannot be kept"):
            self.make(tmp_path / "gone")
        with pytest.raises(StorageError, match="cannot be read"):
            read_all(tmp_path / "gone" / "q.db")
