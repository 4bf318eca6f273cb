"""What the OpenAPI document says of replies is what they are."""

import json
from typing import Any

import httpx
import pytest
from pydantic import BaseModel

from api.forms import found, listed, protocol

ASK = {"corpus": "small", "question": "How many passengers does the Heron carry?"}
FAR = {"corpus": "small", "question": "Which quark did the collider see first?"}
CHAT = {"model": "small", "messages": [{"role": "user", "content": ASK["question"]}]}


@pytest.mark.parametrize(
    ("path", "body", "form"),
    [
        ("/v1/search", {"corpus": "small", "query": "dogs"}, found.SearchForm),
        ("/v1/answers", ASK, found.AnswerForm),
        ("/v1/answers", FAR, found.AnswerForm),
        ("/v1/explain", ASK | {"document": "dogs.md"}, found.ExplanationForm),
        ("/v1/chat/completions", CHAT, protocol.CompletionForm),
        ("/v1/chat/completions", CHAT | {"citations": False}, protocol.CompletionForm),
        ("/v1/models", None, protocol.ModelsForm),
        ("/v1/models/small", None, protocol.ModelForm),
        ("/v1/corpora", None, listed.CorporaForm),
        ("/v1/corpora/small", None, listed.CorpusForm),
        ("/v1/documents?corpus=small", None, listed.DocumentsForm),
        ("/v1/documents/dogs-md?corpus=small", None, listed.ListedDocumentForm),
        ("/healthz", None, listed.AliveForm),
        ("/readyz", None, listed.ReadyForm),
        ("/version", None, listed.VersionForm),
    ],
)
def test_a_reply_has_the_form_that_is_documented(
    http: httpx.Client, path: str, body: dict[str, Any] | None, form: type[BaseModel]
) -> None:
    reply = http.post(path, json=body) if body else http.get(path)
    form.model_validate(reply.json(), strict=True)
    route = path.partition("?")[0]
    for value, name in (("dogs-md", "document_id"), ("models/small", "models/{model}")):
        route = route.replace(value, name if "/" in name else f"{{{name}}}")
    route = route.replace("corpora/small", "corpora/{name}")
    operation = http.get("/openapi.json").json()["paths"][route]["post" if body else "get"]
    schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
    assert schema == {"$ref": f"#/components/schemas/{form.__name__}"}


@pytest.mark.parametrize(
    ("path", "body", "form"),
    [
        ("/v1/answers", ASK, found.AnswerEvent),
        ("/v1/chat/completions", CHAT, protocol.ChunkForm),
    ],
)
def test_an_event_has_the_form_that_is_documented(
    http: httpx.Client, path: str, body: dict[str, Any], form: type[BaseModel]
) -> None:
    asked = body | {"stream": True, "stream_options": {"include_usage": True}}
    lines = http.post(path, json=asked).text.splitlines()
    sent = [line[6:] for line in lines if line.startswith("data: ") and "[DONE]" not in line]
    for data in sent:
        form.model_validate(json.loads(data), strict=True)
    schema = http.get("/openapi.json").json()
    content = schema["paths"][path]["post"]["responses"]["200"]["content"]
    name = content["text/event-stream"]["schema"]["$ref"].rpartition("/")[2]
    assert name == form.__name__
    assert name in schema["components"]["schemas"]


def test_every_reference_of_the_document_leads_somewhere(http: httpx.Client) -> None:
    text = http.get("/openapi.json").text
    known = json.loads(text)["components"]["schemas"]
    named = {part.partition('"')[0] for part in text.split("#/components/schemas/")[1:]}
    assert named <= known.keys()
