"""`contract/errors.json` and `contract/operations.json` against the server, both ways."""

from __future__ import annotations

import json
from typing import Any

import httpx
from saperly_server.api import openapi_document
from saperly_server.core.errors import SaperlyError, all_errors
from saperly_server.main import VERSION

from .conftest import Stage
from .contract_data import PromisedOperation, promised_errors, promised_operations

_SAMPLE = {"name": "me", "language": "en", "gender": "neutral"}


def _public_errors() -> dict[str, type[SaperlyError]]:
    return {error.tag: error for error in all_errors() if error.__module__.startswith("saperly_server.")}


def _served() -> dict[tuple[str, str], Any]:
    paths = openapi_document(VERSION)["paths"]
    return {(method.upper(), path): one for path, found in paths.items() for method, one in found.items()}


def _tags(operation: Any) -> set[str]:
    text = json.dumps([body for status, body in operation["responses"].items() if status >= "4"])
    return {tag for tag in _public_errors() if f'/{tag}"' in text}


def test_every_error_of_the_server_is_in_the_contract_and_the_other_way_round() -> None:
    assert set(_public_errors()) == set(promised_errors())


def test_every_error_has_its_promised_status_and_facts() -> None:
    for tag, promised in promised_errors().items():
        error = _public_errors()[tag]
        facts = {name: "number" if kind == "integer" else kind for name, kind in error.shape.items()}
        assert (error.status, facts, error.retryable) == (
            promised["status"],
            promised["payload"],
            promised["retryable"],
        ), tag


def test_every_error_says_in_a_sentence_what_helps() -> None:
    for tag, error in _public_errors().items():
        assert error.fix, tag
        assert error.fix[-1] in ".)", tag
        assert " " in error.fix, tag


def test_every_promised_operation_is_served_under_its_name_and_no_other_is() -> None:
    served = {(method, path): one["operationId"] for (method, path), one in _served().items()}
    assert served == {(one.method, one.path): one.name for one in promised_operations()}


def test_every_operation_documents_exactly_its_success_and_its_errors() -> None:
    served = _served()
    for one in promised_operations():
        operation = served[one.method, one.path]
        assert [status for status in operation["responses"] if status < "4"] == [str(one.success)], one
        assert _tags(operation) == one.errors, one


async def _call(client: httpx.AsyncClient, stage: Stage, one: PromisedOperation) -> httpx.Response:
    upload: dict[str, Any] = {}
    if one.name == "customVoices.create":
        upload = {"data": _SAMPLE, "files": {"audio": b"RIFF"}, "headers": {"Idempotency-Key": "one"}}
    return await stage.during(client.request(one.method, one.example_path, json=one.body, **upload))


async def _child(stage: Stage, scopes: list[str]) -> httpx.AsyncClient:
    minted = await stage.post("/api-tokens", {"name": "child", "grant": {"scopes": scopes}})
    assert minted.status_code == 201, minted.text
    return stage.client_with(minted.json()["key"])


_ALL_SCOPES = sorted({scope for one in promised_operations() for scope in one.scopes or []})


async def test_every_operation_needs_a_key(stage: Stage) -> None:
    for one in promised_operations():
        answer = await _call(stage.client_with(None), stage, one)
        if one.scopes is None:
            assert answer.status_code == one.success, one
        else:
            assert (answer.status_code, answer.json()["_tag"]) == (401, "Unauthorized"), one


async def test_every_operation_refuses_a_key_without_its_scope(stage: Stage) -> None:
    for one in promised_operations():
        if not one.scopes:
            continue
        client = await _child(stage, [scope for scope in _ALL_SCOPES if scope not in one.scopes])
        answer = await _call(client, stage, one)
        assert (answer.status_code, answer.json()["_tag"]) == (403, "AuthorizationDenied"), one
        assert one.scopes[0] in answer.json()["reason"], one


async def test_every_operation_lets_a_key_with_just_one_of_its_scopes_through(stage: Stage) -> None:
    for one in promised_operations():
        for scope in one.scopes or ["read"]:
            answer = await _call(await _child(stage, [scope]), stage, one)
            refused = answer.status_code in (401, 403) and "scope" in answer.text
            assert not refused, (str(one), scope, answer.text)
            assert answer.status_code < 500, (str(one), answer.text)


async def test_every_error_answer_is_of_the_documented_form(stage: Stage) -> None:
    for one in promised_operations():
        answer = await _call(stage.client, stage, one)
        if answer.status_code < 400:
            continue
        body = answer.json()
        promised = promised_errors()[body["_tag"]]
        assert body["_tag"] in one.errors, one
        assert answer.status_code == promised["status"], one
        assert set(body) == {"_tag", *promised["payload"], "fix", "docUrl", "requestId"}, one
        assert body["requestId"] == answer.headers["x-request-id"], one
        assert answer.headers["content-type"] == "application/json", one


async def test_the_prefixed_paths_behave_like_the_bare_ones(stage: Stage) -> None:
    for one in promised_operations():
        if one.name in ("connections.create", "keys.mint"):
            continue  # each makes something of its own; their answers differ by their ids
        bare = await _call(stage.client, stage, one)
        prefixed = PromisedOperation(**{**_fields(one), "path": f"/v2{one.path}"})
        other = await _call(stage.client, stage, prefixed)
        assert (other.status_code, _without_ids(other)) == (bare.status_code, _without_ids(bare)), one


def _fields(one: PromisedOperation) -> dict[str, Any]:
    return {name: getattr(one, name) for name in PromisedOperation.__slots__}


def _without_ids(answer: httpx.Response) -> Any:
    body = answer.json()
    return {name: value for name, value in body.items() if name != "requestId"} if isinstance(body, dict) else body
