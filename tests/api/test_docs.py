"""The reference of routes, and the schema it is made of."""

import json
import re

import httpx

from api.routes.docs import read_operations


def test_every_operation_of_the_schema_is_shown(http: httpx.Client) -> None:
    schema = http.get("/openapi.json").json()
    page = http.get("/docs").text
    operations = list(read_operations(schema))
    assert {o.path for o in operations} == set(schema["paths"])
    for operation in operations:
        assert f"<code>{operation.path}</code>" in page
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)


def test_every_example_is_a_body_that_is_taken(http: httpx.Client) -> None:
    schema = http.get("/openapi.json").json()
    examples = {o.path: o.example for o in read_operations(schema) if o.example}
    assert set(examples) == {
        *("/v1/chat/completions", "/v1/search", "/v1/answers", "/v1/check", "/v1/explain"),
    }
    for path, example in examples.items():
        body = json.loads(example.replace("handbook", "small"))
        assert http.post(path, json=body).status_code == 200


def test_errors_are_documented_as_they_are(http: httpx.Client) -> None:
    schema = http.get("/openapi.json").json()
    assert "HTTPValidationError" not in schema["components"]["schemas"]
    for methods in schema["paths"].values():
        for operation in methods.values():
            body = operation["responses"]["4XX"]["content"]["application/json"]["schema"]
            assert body == {"$ref": "#/components/schemas/ErrorBody"}


def test_documents_are_listed_page_by_page(http: httpx.Client) -> None:
    seen, after = [], None
    for has_more in (True, True, False):
        query = {"corpus": "small", "limit": "1"} | ({"after": after} if after else {})
        page = http.get("/v1/documents", params=query).json()
        assert page["has_more"] is has_more
        seen += [document["source"] for document in page["data"]]
        after = page["last_id"]
    assert seen == ["boats.md", "dogs.md", "leave.md"]
