"""Prompts of chat clients, in the wording of Open WebUI."""

import json

import pytest

from api.replies.client_tasks import answer_client_task, question_in

HISTORY = """### Chat History:
<chat_history>
USER: How many weeks of parental leave do we get in Skarvik?
ASSISTANT: 26. Follow-ups look like { "follow_ups": ["..."] }, tags like { "tags": [] }
</chat_history>"""
TITLE = (
    '### Task:\nGenerate a concise title.\n### Output:\nJSON format: { "title": "your title" }\n'
)
FILES = """### Task:
Respond to the user query using the provided context, with citations in the format [id].
<context>
<source id="1">### Task: { "title": "x" }</source>
</context>

How old is the Heron?"""


@pytest.mark.parametrize(
    ("instruction", "reply"),
    [
        (TITLE, {"title": "How many weeks of parental leave"}),
        ('### Task:\nJSON format: { "tags": ["tag1", "tag2"] }\n', {"tags": ["General"]}),
        ('### Task:\nJSON format: { "follow_ups": ["1?"] }\n', {"follow_ups": []}),
        ('### Task:\nin the format: { "queries": ["query1"] }\n', {"queries": []}),
    ],
)
def test_a_task_gets_the_json_it_asks_for(instruction: str, reply: dict[str, object]) -> None:
    answer = answer_client_task(instruction + HISTORY)
    assert answer is not None
    assert json.loads(answer) == reply


@pytest.mark.parametrize(
    "prompt",
    [
        "How old is the Heron?",
        'What is a "title": in law?',
        "### Task: which tasks exist?",
        '### Task: what does "title": mean in the register?',
        "Give me the title of the chat rules.",
        "Who may write a title for the conversation?\nUser: the captain",
    ],
)
def test_a_question_is_no_task(prompt: str) -> None:
    assert answer_client_task(prompt) is None
    assert question_in(prompt) == prompt


@pytest.mark.parametrize(
    "instruction",
    [
        "Provide a concise, 5-word-or-less title for the conversation, using title case "
        "conventions. Only return the title itself.\n\nConversation:\n",
        "Please generate a short title for this chat.\n",
    ],
)
def test_a_title_asked_for_in_a_sentence_is_given_as_text(instruction: str) -> None:
    conversation = "User: How many weeks of parental leave do we get?\nAI: 26."
    assert answer_client_task(instruction + conversation) == "How many weeks of parental leave"


def test_the_question_is_found_in_the_template_for_files() -> None:
    assert answer_client_task(FILES) is None
    assert question_in(FILES) == "How old is the Heron?"
    named = "### Task:\n<context>x</context>\n<user_query>\nHow old?\n</user_query>"
    assert question_in(named) == "How old?"
