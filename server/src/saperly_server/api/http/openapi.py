"""The OpenAPI document: errors of each operation by name, the security scheme, one path for each operation."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi

from saperly_server.core.errors import (
    InternalError,
    RateLimited,
    SaperlyError,
    ServiceUnavailable,
    ValidationError,
)
from saperly_server.idempotency import IdempotencyConflict, IdempotencyKeyMismatch
from saperly_server.identity import AuthorizationDenied, Unauthorized

from .document import finish
from .errors import PayloadTooLarge

_EVERYWHERE = (
    Unauthorized,
    AuthorizationDenied,
    RateLimited,
    InternalError,
    ValidationError,
    ServiceUnavailable,
    PayloadTooLarge,
)
_DESCRIPTION = """The phone carrier for AI agents: numbers, connections, consent, calls and messages.

Every request carries `Authorization: Bearer <key>`; the workspace comes from the key. Money is integer cents, telephone
numbers are E.164, instants are ISO 8601 in UTC. Every mutating request accepts an `Idempotency-Key`. Errors are
`{"_tag": …}` with the listed facts, `fix`, `docUrl` and `requestId`."""

Responses = dict[int | str, dict[str, Any]]


def errors(*classes: type[SaperlyError], idempotent: bool = False, keyless: bool = False) -> Responses:
    """The error answers of an operation, by status: the listed ones and those that any operation can give.

    `keyless` is for operations that anybody may call, without a body or parameters.
    """
    extra = (IdempotencyConflict, IdempotencyKeyMismatch) if idempotent else ()
    always = (InternalError, ServiceUnavailable) if keyless else _EVERYWHERE
    listed: list[type[SaperlyError]] = [*classes, *always, *extra]
    by_status: dict[int, list[type[SaperlyError]]] = {}
    for one in listed:
        by_status.setdefault(one.status, []).append(one)
    return {status: _response(found) for status, found in sorted(by_status.items())}


def _response(found: list[type[SaperlyError]]) -> dict[str, Any]:
    names = list(dict.fromkeys(one.tag for one in found))
    refs = [{"$ref": f"#/components/schemas/{name}"} for name in names]
    schema = refs[0] if len(refs) == 1 else {"oneOf": refs}
    return {
        "description": " or ".join(f"`{name}`" for name in names),
        "content": {"application/json": {"schema": schema}},
    }


def install(app: FastAPI, version: str) -> None:
    """Serve our document at `/openapi.json`, made once."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title="Saperly", version=version, description=_DESCRIPTION, routes=app.routes, openapi_version="3.1.0"
            )
            app.openapi_schema = finish(made)
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
