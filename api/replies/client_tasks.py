"""Prompts that chat clients send on their own account, which are no questions to the documents.

Open WebUI asks the same route for a title, tags, follow-ups and search queries. Its prompts begin
with `### Task:`, name the key of the JSON they want, and bring the conversation along. Its
template for files begins so too, but holds a question, after the context that it brings.
LibreChat and others ask for a title in a sentence, with the conversation below it.
"""

import json
import re

from rag.outgoing.cleaning import clean_title

TASK = "### Task:"
QUOTED = re.compile(r"### Chat History|<chat_history>|<context>")
KEY = re.compile(r'"(title|tags|follow_ups|queries|text)"\s*:')
FIRST_QUESTION = re.compile(r"^(?:USER|Human):\s*(.+)$", re.MULTILINE | re.I)
PLAIN_TITLE = re.compile(
    r"(?:please )?(?:provide|generate|create|write|suggest|give)\b[^\n]{0,80}\b(?:title|name)\b"
    r"[^\n]{0,40}\b(?:conversation|chat|dialogue)\b",
    re.I,
)
USER_QUERY = re.compile(r"<user_query>(.*?)</user_query>", re.DOTALL)
TITLE_WORDS = 6  # what clients ask for: a title of 3 to 5 words


def answer_client_task(prompt: str) -> str | None:
    """What a client's own prompt asks for, None for everything else."""
    if PLAIN_TITLE.match(prompt) and FIRST_QUESTION.search(prompt):
        return _title(prompt)
    instruction, *quoted = QUOTED.split(prompt)
    wanted = KEY.search(instruction)
    if not prompt.startswith(TASK) or not quoted or wanted is None:
        return None
    empty: dict[str, object] = {
        "title": _title(prompt),
        "tags": ["General"],
        "follow_ups": [],
        "queries": [],
        "text": "",
    }
    return json.dumps({wanted[1]: empty[wanted[1]]}, ensure_ascii=False)


def question_in(prompt: str) -> str:
    """The user's question inside a client's template for files; any other prompt as it is."""
    if not prompt.startswith(TASK):
        return prompt
    named = USER_QUERY.findall(prompt)
    question = named[-1] if named else prompt.rpartition("</context>")[2]
    return question.strip() or prompt


def _title(prompt: str) -> str:
    first = FIRST_QUESTION.search(prompt)
    words = clean_title(first[1]).split() if first else ["Questions"]
    return " ".join(words[:TITLE_WORDS]).rstrip("?!.,;: ")
