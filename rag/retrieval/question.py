"""What may be asked: the limits of a question, checked once before anything searches for it."""

from rag.errors import InvalidQuestion

MAX_QUESTION_BYTES = 8192  # chosen: several pages; the embedder reads the first 256 tokens


def check_question(text: str) -> str:
    """The question, trimmed and with NUL as a space. Raises InvalidQuestion."""
    try:
        size = len(text.encode())
    except UnicodeEncodeError as error:
        raise InvalidQuestion("the question holds half of a surrogate pair: send text") from error
    if size > MAX_QUESTION_BYTES:
        raise InvalidQuestion(
            f"the question has {size} bytes, at most {MAX_QUESTION_BYTES} are allowed: shorten it"
        )
    question = text.replace("\0", " ").strip()
    if not question:
        raise InvalidQuestion("the question is empty: ask something")
    return question
