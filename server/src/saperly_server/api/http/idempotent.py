"""Writes that are safe to retry: the effect and the stored answer are one transaction."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from hashlib import sha256
from typing import Annotated, Any, TypeVar

import orjson
from fastapi import Depends, Header, Request
from pydantic import BaseModel
from starlette.responses import Response

from saperly_server import idempotency
from saperly_server.api.services import services_of
from saperly_server.core.db import Database, TenantTx, again
from saperly_server.core.errors import SaperlyError
from saperly_server.identity import Caller

from .errors import error_body, request_id

T = TypeVar("T")
KEY_SCHEMA: dict[str, Any] = {"minLength": 1, "maxLength": 255, "pattern": "^[!-~]+$"}
"""What an `Idempotency-Key` looks like; another one is refused with an error of its own."""
Replayed = {"Idempotency-Replayed": "true"}


def answer(status: int, body: bytes, *, replayed: bool = False) -> Response:
    return Response(body, status, dict(Replayed) if replayed else None, media_type="application/json")


def dumped(model: BaseModel) -> bytes:
    return model.model_dump_json().encode()


@dataclass(frozen=True, slots=True)
class Write:
    """One mutating request: where its answer is remembered, if the caller sent a key."""

    db: Database
    request: Request
    key: str | None
    fingerprint: dict[str, Any]

    def scope(self, caller: Caller) -> idempotency.Scope | None:
        """What the request's `Idempotency-Key` protects; None without one."""
        if self.key is None:
            return None
        route = f"{self.request.method} {_unversioned(self.request.scope['route'].path)}"
        return idempotency.scope_of(caller.tenant.workspace_id, caller.key_id, route, self.key, self.fingerprint)

    async def run(
        self,
        caller: Caller,
        operation: Callable[[TenantTx], Awaitable[T]],
        render: Callable[[T], BaseModel],
        *,
        status: int = 200,
        remembered: Callable[[T], BaseModel] | None = None,
    ) -> Response:
        """Run a whole write in one transaction, once for each key.

        `remembered` renders what a repetition gets, where that must differ (a secret that is shown once).
        """
        return await again(lambda: self._run(caller, operation, render, status, remembered or render))

    async def _run(
        self,
        caller: Caller,
        operation: Callable[[TenantTx], Awaitable[T]],
        render: Callable[[T], BaseModel],
        status: int,
        remembered: Callable[[T], BaseModel],
    ) -> Response:
        scope = self.scope(caller)
        async with self.db.tenant(caller.tenant) as tx:
            if scope is not None and (stored := await idempotency.claim(tx, scope)) is not None:
                return answer(stored.status, stored.body, replayed=True)
            try:
                async with tx.conn.begin_nested():
                    result = await operation(tx)
            except SaperlyError as error:
                if scope is None or not error.final:
                    raise
                body = error_body(error, request_id(self.request))
                await idempotency.finish(tx, scope, error.status, body)
                return answer(error.status, body)
            body = dumped(render(result))
            if scope is not None:
                await idempotency.finish(tx, scope, status, dumped(remembered(result)))
        return answer(status, body)

    async def run_outside(
        self,
        caller: Caller,
        operation: Callable[[], Awaitable[T]],
        render: Callable[[T], BaseModel],
    ) -> Response:
        """Run a command to the network, which no transaction can hold, once for each key; 200 with its result."""
        scope = self.scope(caller)
        if scope is None:
            return answer(200, dumped(render(await operation())))
        async with self.db.tenant(caller.tenant) as tx:
            if (stored := await idempotency.claim(tx, scope)) is not None:
                return answer(stored.status, stored.body, replayed=True)
        try:
            body = dumped(render(await operation()))
        except BaseException:
            async with self.db.tenant(caller.tenant) as tx:
                await idempotency.forget(tx, scope)
            raise
        async with self.db.tenant(caller.tenant) as tx:
            await idempotency.finish(tx, scope, 200, body)
        return answer(200, body)


def _unversioned(path: str) -> str:
    return path.removeprefix("/v2") if path.startswith("/v2/") else path


async def _write(
    request: Request,
    idempotency_key: Annotated[
        str | None,
        Header(
            alias="Idempotency-Key",
            description="Makes the request safe to retry for 24 hours; a UUID is a good one.",
            json_schema_extra=KEY_SCHEMA,
        ),
    ] = None,
) -> Write:
    fingerprint = {} if idempotency_key is None else await _fingerprint(request)
    return Write(services_of(request).db, request, idempotency_key, fingerprint)


async def _fingerprint(request: Request) -> dict[str, Any]:
    body = await request.body()
    try:
        content = orjson.loads(body) if body else None
    except orjson.JSONDecodeError:
        content = sha256(body).hexdigest()
    query = sorted(request.query_params.multi_items())
    return {"path": _unversioned(request.url.path), "query": query, "body": content}


Idempotent = Annotated[Write, Depends(_write)]
