"""Finishing the OpenAPI document: what the framework leaves out or gets wrong about this server."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import orjson

from saperly_server.core.errors import SaperlyError, all_errors

Json = dict[str, Any]

SERVERS = [
    {"url": "/", "description": "This server."},
    {"url": "/v2", "description": "The same operations under their version."},
]
TAGS = {
    "health": "Whether the server is alive and can work.",
    "numbers": "Phone numbers: buy, bind to a connection, set up, give back.",
    "connections": "The handlers of numbers: who answers, and how.",
    "messages": "Texts.",
    "calls": "Calls and their transcripts.",
    "voices": "The voices of the catalogue.",
    "customVoices": "Your own voices.",
    "languages": "The languages of the catalogue.",
    "billing": "What was used, what is left, what a number costs.",
    "consent": "Which number may contact which peer.",
    "keys": "API keys below your own.",
}
_ISSUES = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {"path": {"type": "string"}, "message": {"type": "string"}},
        "required": ["path", "message"],
    },
}
_HEADERS: Json = {
    "X-Request-Id": {
        "description": "The id of this request: yours, if you sent one of 1 to 128 visible ASCII characters.",
        "required": True,
        "schema": {"type": "string"},
    },
    "Retry-After": {
        "description": "After how many seconds to send the same request again.",
        "required": True,
        "schema": {"type": "integer", "minimum": 0},
    },
    "WWW-Authenticate": {
        "description": "How to authenticate.",
        "required": True,
        "schema": {"type": "string", "const": "Bearer"},
    },
    "Link": {
        "description": 'The next page, as `<…>; rel="next"`; absent on the last one.',
        "schema": {"type": "string"},
    },
    "RateLimit-Limit": {
        "description": "How many requests of this kind the key may make at once.",
        "schema": {"type": "integer"},
    },
    "RateLimit-Remaining": {"description": "How many of them are left now.", "schema": {"type": "integer"}},
    "RateLimit-Reset": {
        "description": "After how many seconds there is one again, when none is left; 0 otherwise.",
        "schema": {"type": "integer"},
    },
    "Idempotency-Replayed": {
        "description": "Present when this is the remembered answer to an earlier request with the same key.",
        "schema": {"type": "string", "const": "true"},
    },
}
_REF = re.compile(r'/schemas/([^"/]+)"')
_RATE = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")


def finish(made: Json) -> Json:
    """The document with errors, headers, tags and servers, and without the framework's inventions."""
    document = _renamed(made)
    document["servers"] = SERVERS
    document["tags"] = [{"name": name, "description": text} for name, text in TAGS.items()]
    components = document["components"]
    schemas = components["schemas"]
    schemas["CreateCustomVoice"]["additionalProperties"] = False
    for name in ("HTTPValidationError", "ValidationError"):
        schemas.pop(name, None)
    for schema in schemas.values():
        _drop_titles_below(schema)
    for operation in _operations(document):
        _finish_operation(operation, schemas)
    components["headers"] = _HEADERS
    components["responses"] = _shared_responses(document)
    named = set(_REF.findall(orjson.dumps([document["paths"], components["responses"]]).decode()))
    schemas.update({error.tag: error_schema(error) for error in all_errors() if error.tag in named})
    components["schemas"] = dict(sorted(schemas.items()))
    return document


def _renamed(document: Json) -> Json:
    """Shapes under the names that customers know: `CallBody` is `Call`."""
    names = {name: name.removesuffix("Body") for name in document["components"]["schemas"]}
    names["create"] = "CreateCustomVoice"
    if len(set(names.values())) < len(names):
        raise ValueError("two shapes would have one name")
    text = _REF.sub(lambda ref: f'/schemas/{names.get(ref[1], ref[1])}"', orjson.dumps(document).decode())
    renamed: Json = orjson.loads(text)
    found = renamed["components"]["schemas"]
    renamed["components"]["schemas"] = {
        names[name]: {**schema, "title": names[name]} for name, schema in sorted(found.items())
    }
    return renamed


def _shared_responses(document: Json) -> Json:
    """Answers with one error are the same everywhere: written once, referred to from the operations."""
    shared: Json = {}
    for operation in _operations(document):
        for status, response in operation["responses"].items():
            schema = response.get("content", {}).get("application/json", {}).get("schema", {})
            if status >= "4" and "$ref" in schema:
                name = schema["$ref"].rpartition("/")[2]
                shared[name] = response
                operation["responses"][status] = {"$ref": f"#/components/responses/{name}"}
    return dict(sorted(shared.items()))


def error_schema(error: type[SaperlyError]) -> Json:
    """The JSON schema of an error's body."""
    facts = {name: _ISSUES if kind == "issues" else {"type": kind} for name, kind in error.shape.items()}
    return {
        "type": "object",
        "description": " ".join((error.__doc__ or "").split()),
        "properties": {
            "_tag": {"type": "string", "const": error.tag},
            **facts,
            "fix": {"type": "string", "description": "What helps."},
            "docUrl": {"type": "string", "description": "The error's page on this server."},
            "requestId": {"type": "string"},
        },
        "required": ["_tag", *facts, "fix", "docUrl", "requestId"],
    }


def _operations(document: Json) -> Iterator[Json]:
    for path in document["paths"].values():
        yield from path.values()


def _finish_operation(operation: Json, schemas: Json) -> None:
    if "HTTPValidationError" in str(operation["responses"].get("422")):
        del operation["responses"]["422"]
    operation.setdefault("security", [])
    for parameter in operation.get("parameters", []):
        parameter["schema"] = _without_null(parameter["schema"])
        _drop_titles(parameter["schema"])
    for media in operation.get("requestBody", {}).get("content", {}).values():
        _drop_titles(media["schema"])
    for status, response in operation["responses"].items():
        _describe(response, schemas)
        _add_headers(operation, status, response)


def _add_headers(operation: Json, status: str, response: Json) -> None:
    names = {"401": ["WWW-Authenticate"], "429": ["Retry-After"], "503": ["Retry-After"]}.get(status, [])
    parameters = {parameter["name"] for parameter in operation.get("parameters", [])}
    if status.startswith("2") and "cursor" in parameters:
        names.append("Link")
    if status.startswith("2") and "Idempotency-Key" in parameters:
        names.append("Idempotency-Replayed")
    if status == "429" or (operation["security"] and status.startswith("2")):
        names.extend(_RATE)
    headers = response.setdefault("headers", {})
    for name in ("X-Request-Id", *names):
        headers[name] = {"$ref": f"#/components/headers/{name}"}


def _describe(response: Json, schemas: Json) -> None:
    """The first sentence about the body, where the framework says only that the response is successful."""
    if response["description"] != "Successful Response":
        return
    schema = response.get("content", {}).get("application/json", {}).get("schema", {})
    _drop_titles(schema)
    listed = schema.get("type") == "array"
    name = (schema.get("items", {}) if listed else schema).get("$ref", "").rpartition("/")[2]
    sentence = str(schemas.get(name, {}).get("description", "Done.")).partition("\n")[0].partition(". ")[0].rstrip(".:")
    response["description"] = f"A list. One of its items: {sentence}." if listed else f"{sentence}."


def _without_null(schema: Json) -> Json:
    """A parameter that may be left out is not one that may be null: there is no null in an address or a header."""
    kinds = [kind for kind in schema.get("anyOf", []) if kind != {"type": "null"}]
    if len(kinds) != 1:
        return schema
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **kinds[0]}


def _drop_titles_below(schema: Json) -> None:
    for inner in schema.get("properties", {}).values():
        _drop_titles(inner)


def _drop_titles(schema: Json) -> None:
    """Titles that are only a field's name in another spelling."""
    schema.pop("title", None)
    _drop_titles_below(schema)
    for inner in (schema.get("items"), *schema.get("anyOf", []), *schema.get("oneOf", [])):
        if isinstance(inner, dict):
            _drop_titles(inner)
