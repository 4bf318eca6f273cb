"""How much of a conversation is read."""

from api.bodies import RECENT_BYTES, RECENT_MESSAGES, ChatMessage, read_recent


def say(*contents: str) -> list[ChatMessage]:
    return [ChatMessage(role="user", content=content) for content in contents]


def test_a_short_conversation_is_read_whole_in_its_order() -> None:
    assert [each.content for each in read_recent(say("a", "b", "c"))] == ["a", "b", "c"]


def test_no_more_than_the_last_messages_are_read() -> None:
    said = [str(number) for number in range(RECENT_MESSAGES + 9)]
    assert [each.content for each in read_recent(say(*said))] == said[9:]


def test_no_more_than_so_many_bytes_are_read_but_the_last_message_always() -> None:
    half = "é" * (RECENT_BYTES // 4)
    assert [each.content for each in read_recent(say("old", half, half))] == [half, half]
    assert len(read_recent(say("old", "z" * RECENT_BYTES, "b"))) == 1
    assert len(read_recent(say("old", "é" * (RECENT_BYTES // 2 + 1)))) == 1
