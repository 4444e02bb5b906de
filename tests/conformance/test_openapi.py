"""The OpenAPI document: committed, current, and good enough to build on."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

ROOT = Path(__file__).parents[2]
DOCUMENT: dict[str, Any] = json.loads((ROOT / "contract" / "openapi.v2.json").read_text("utf-8"))


def _operations() -> list[Any]:
    return [
        pytest.param(operation, id=f"{method.upper()} {path}")
        for path, methods in DOCUMENT["paths"].items()
        for method, operation in methods.items()
    ]


def _bodies() -> dict[str, Any]:
    found = {}
    for operation in (param.values[0] for param in _operations()):
        media = operation.get("requestBody", {}).get("content", {}).get("application/json")
        if media is not None:
            found[operation["operationId"]] = media["schema"]
    return found


def _schema_of(body: Any) -> Any:
    """The body's own schema; that of `null | body` is the body's."""
    listed = [part for part in body.get("anyOf", [body]) if "$ref" in part]
    return DOCUMENT["components"]["schemas"][listed[0]["$ref"].rpartition("/")[2]]


def test_the_committed_document_is_the_one_the_server_has() -> None:
    check = [sys.executable, "-m", "scripts.contract", "--check"]
    finished = subprocess.run(check, cwd=ROOT, check=False)
    assert finished.returncode == 0, "run `python -m scripts.contract` and commit the result"


def test_the_running_server_serves_the_committed_document(server_url: str) -> None:
    assert httpx.get(f"{server_url}/openapi.json").json() == DOCUMENT


def test_the_document_is_openapi_3_1_with_servers_and_described_tags() -> None:
    assert DOCUMENT["openapi"] == "3.1.0"
    assert [server["url"] for server in DOCUMENT["servers"]] == ["/", "/v2"]
    described = {tag["name"] for tag in DOCUMENT["tags"] if tag["description"]}
    used = {tag for operation in _operations() for tag in operation.values[0]["tags"]}
    assert used == described


@pytest.mark.parametrize("operation", _operations())
def test_every_operation_has_a_summary_one_tag_and_its_security(operation: Any) -> None:
    assert operation["summary"]
    assert len(operation["tags"]) == 1
    keyless = operation["operationId"].startswith("health.")
    assert operation["security"] == ([] if keyless else [{"apiKey": []}])


@pytest.mark.parametrize("operation", _operations())
def test_every_answer_is_described_and_carries_the_request_id(operation: Any) -> None:
    for response in operation["responses"].values():
        if "$ref" in response:
            response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]
        assert response["description"]
        assert "Successful Response" not in response["description"]
        assert "X-Request-Id" in response["headers"]


def test_every_operation_has_an_id_of_its_own() -> None:
    ids = [operation.values[0]["operationId"] for operation in _operations()]
    assert len(ids) == len(set(ids))


def test_every_request_body_has_an_example_that_fits_its_schema() -> None:
    for name, body in _bodies().items():
        schema = _schema_of(body)
        assert schema.get("examples"), name
        validator = jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]})
        for example in schema["examples"]:
            assert validator.is_valid(example), (name, example)


def test_every_request_body_forbids_unknown_fields() -> None:
    for name, body in _bodies().items():
        assert _schema_of(body)["additionalProperties"] is False, name


def test_every_mutating_operation_takes_an_idempotency_key() -> None:
    for path, methods in DOCUMENT["paths"].items():
        for method in set(methods) - {"get"}:
            names = {parameter["name"] for parameter in methods[method].get("parameters", [])}
            assert "Idempotency-Key" in names, (method, path)


def test_every_list_can_be_walked() -> None:
    for path, methods in DOCUMENT["paths"].items():
        operation = methods.get("get", {"responses": {}})
        schema = operation["responses"].get("200", {}).get("content", {}).get("application/json", {}).get("schema", {})
        if schema.get("type") != "array":
            continue
        names = {parameter["name"] for parameter in operation["parameters"]}
        assert {"limit", "cursor"} <= names, path
        assert "Link" in operation["responses"]["200"]["headers"], path


def test_nothing_refers_to_what_is_not_there() -> None:
    text = json.dumps(DOCUMENT)
    for kind, found in DOCUMENT["components"].items():
        for name in found:
            if kind != "securitySchemes":
                assert f'"#/components/{kind}/{name}"' in text, f"{kind}/{name} is used by nothing"
    assert _dangling(DOCUMENT) == []


def _dangling(part: Any) -> list[str]:
    if isinstance(part, list):
        return [ref for item in part for ref in _dangling(item)]
    if not isinstance(part, dict):
        return []
    missing = [part["$ref"]] if isinstance(part.get("$ref"), str) and not _exists(part["$ref"]) else []
    return missing + [ref for item in part.values() for ref in _dangling(item)]


def _exists(ref: str) -> bool:
    _, _, kind, name = ref.split("/")
    return name in DOCUMENT["components"][kind]
