"""The OpenAI-compatible routes: a corpus is a model, its answers are chat completions."""

from fastapi import APIRouter, Request
from fastapi.responses import Response

from api.bodies import ChatRequest, read_recent
from api.forms.documenting import replies
from api.forms.protocol import ChunkForm, CompletionForm, ModelForm, ModelsForm
from api.json_bodies import JsonRoute
from api.replies.client_tasks import answer_client_task, question_in
from api.replies.completions import CompletionStyle, model_body, text_body, text_chunks
from api.replies.streaming import HEADERS, read_answer, stream_answer
from api.state import ThePlumbline, TheService
from rag.domain import Message
from rag.json_forms import Body

router = APIRouter(prefix="/v1", tags=["OpenAI-compatible"], route_class=JsonRoute)


@router.get("/models", response_model=None, responses=replies(ModelsForm))
def list_models(plumbline: ThePlumbline) -> Body:
    """Each corpus as a model."""
    return {"object": "list", "data": [model_body(manifest) for manifest in plumbline.corpora()]}


@router.get("/models/{model}", response_model=None, responses=replies(ModelForm))
def get_model(model: str, plumbline: ThePlumbline) -> Body:
    """One corpus as a model."""
    return model_body(plumbline.corpus(model))


@router.post(
    "/chat/completions",
    response_model=None,
    responses=replies(CompletionForm, events=ChunkForm),
)
async def complete(
    body: ChatRequest, request: Request, plumbline: ThePlumbline, service: TheService
) -> Body | Response:
    """Answer the last user message from the corpus named by `model`.

    The message, and in a stream the last chunk with a choice, carries `citations` (number, quote,
    document, release, page, span) beside the `[1]` marks of its text; `"citations": false` leaves
    all extra fields out. A stream that fails ends with one `error` and without `[DONE]`.
    """
    body.require_supported()
    conversation = _conversation(body)
    if task := answer_client_task(conversation[-1].content):
        return _reply(task, body)
    if conversation[-1].role == "user":
        conversation[-1] = Message("user", question_in(conversation[-1].content))
    items = service.kept(
        plumbline.answer(conversation, corpus=body.model, writing=body.writing, scope=body.scope),
        conversation,
    )
    style = CompletionStyle(body, str(request.base_url), body.sources or service.settings.sources)
    if body.stream:
        return await stream_answer(items, style.of_stream())
    return style.of_answer(await read_answer(items, request))


def _conversation(body: ChatRequest) -> list[Message]:
    """The messages without instructions behind the question, which some clients append."""
    messages = read_recent(body.messages)
    while len(messages) > 1 and messages[-1].role == "system":
        messages.pop()
    return messages


def _reply(text: str, body: ChatRequest) -> Body | Response:
    if not body.stream:
        return text_body(text, body)
    events = "".join(text_chunks(text, body))
    return Response(events, media_type="text/event-stream", headers=HEADERS)
