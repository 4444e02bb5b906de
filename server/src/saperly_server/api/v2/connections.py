"""`/connections`: list, read, make, change and delete the handlers of numbers."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

import orjson
from fastapi import APIRouter, Request
from starlette.responses import Response

from saperly_server import connections, identity, numbers
from saperly_server.api.http.auth import needs
from saperly_server.api.http.idempotent import Idempotent, Replayed, answer
from saperly_server.api.http.openapi import errors
from saperly_server.api.http.paging import PageQuery, listing
from saperly_server.api.services import services_of
from saperly_server.connections import (
    AudioConfigurationError,
    Connection,
    ConnectionNotFound,
    UnsupportedModel,
    UnsupportedVoice,
    opening_text,
)
from saperly_server.core.crypto import SecretBox
from saperly_server.core.db import TenantTx
from saperly_server.core.errors import UpstreamError
from saperly_server.identity import Caller, Scope

from .connection_bodies import ConnectionBody, ConnectionDeleted, CreateConnection, UpdateConnection

router = APIRouter(tags=["connections"])

Reader = Annotated[Caller, needs(Scope.CONNECTIONS_READ)]
Writer = Annotated[Caller, needs(Scope.CONNECTIONS_WRITE)]


async def _body(tx: TenantTx, connection: Connection) -> ConnectionBody:
    return (await _bodies(tx, [connection]))[0]


async def _bodies(tx: TenantTx, found: list[Connection]) -> list[ConnectionBody]:
    """With what is in force: the disclosure that is spoken, and automatic replies of hosted connections only."""
    workspace = await identity.workspace_of(tx, tx.tenant.workspace_id)
    return [
        ConnectionBody.model_validate(
            replace(
                one,
                disclosure=opening_text(one.disclosure, workspace.name) if one.compliance_enabled else one.disclosure,
                sms_auto_reply=one.replies_to_texts,
            ),
            from_attributes=True,
        )
        for one in found
    ]


def _secrets_for(request: Request, caller: Caller) -> SecretBox | None:
    return services_of(request).secrets if caller.holds(Scope.CONNECTIONS_WRITE) else None


def _same(body: ConnectionBody) -> ConnectionBody:
    return body


def _remembered(body: ConnectionBody, secrets: SecretBox) -> ConnectionBody:
    """The answer as it is kept for repetitions: a secret is at rest only sealed."""
    secret = body.manual_secret
    return body.model_copy(update={"manual_secret": None if secret is None else secrets.seal(secret).decode()})


def _recalled(response: Response, secrets: SecretBox) -> Response:
    """A repeated answer with its secret opened again; any other answer as it is."""
    if any(name not in response.headers for name in Replayed) or response.status_code >= 400:
        return response
    body = orjson.loads(response.body)
    if body["manualSecret"] is not None:
        body["manualSecret"] = secrets.open(body["manualSecret"].encode())
    return answer(response.status_code, orjson.dumps(body), replayed=True)


@router.get(
    "/connections",
    operation_id="connections.list",
    summary="List connections",
    response_model=list[ConnectionBody],
    responses=errors(),
)
async def list_(request: Request, caller: Reader, page: PageQuery) -> Response:
    async with services_of(request).db.tenant(caller.tenant) as tx:
        found = await connections.list_connections(tx, page, secrets=_secrets_for(request, caller))
        rows = await _bodies(tx, found)
    return listing(request, page, rows, ConnectionBody)


@router.get(
    "/connections/{id}",
    operation_id="connections.get",
    summary="Read a connection",
    responses=errors(ConnectionNotFound),
)
async def get(request: Request, id: str, caller: Reader) -> ConnectionBody:
    async with services_of(request).db.tenant(caller.tenant) as tx:
        return await _body(tx, await connections.get_connection(tx, id, secrets=_secrets_for(request, caller)))


@router.post(
    "/connections",
    operation_id="connections.create",
    summary="Make a connection",
    status_code=201,
    response_model=ConnectionBody,
    responses=errors(UnsupportedModel, UnsupportedVoice, AudioConfigurationError, UpstreamError, idempotent=True),
)
async def create(request: Request, caller: Writer, write: Idempotent, body: CreateConnection) -> Response:
    services, draft = services_of(request), body.draft()
    secrets, local = services.secrets, services.settings.development

    async def operation(tx: TenantTx) -> ConnectionBody:
        made = await connections.create_connection(tx, draft, caller.actor, secrets, local_urls=local)
        return await _body(tx, made)

    done = await write.run(caller, operation, _same, status=201, remembered=lambda one: _remembered(one, secrets))
    return _recalled(done, secrets)


@router.patch(
    "/connections/{id}",
    operation_id="connections.update",
    summary="Change a connection, or switch its mode",
    response_model=ConnectionBody,
    responses=errors(
        ConnectionNotFound, UnsupportedModel, UnsupportedVoice, AudioConfigurationError, UpstreamError, idempotent=True
    ),
)
async def update(request: Request, id: str, caller: Writer, write: Idempotent, body: UpdateConnection) -> Response:
    services, change = services_of(request), body.change()
    secrets, local = services.secrets, services.settings.development

    async def operation(tx: TenantTx) -> ConnectionBody:
        changed = await connections.update_connection(tx, id, change, caller.actor, secrets, local_urls=local)
        return await _body(tx, changed)

    done = await write.run(caller, operation, _same, remembered=lambda one: _remembered(one, secrets))
    return _recalled(done, secrets)


@router.delete(
    "/connections/{id}",
    operation_id="connections.delete",
    summary="Delete a connection; its numbers are left without a handler",
    response_model=ConnectionDeleted,
    responses=errors(ConnectionNotFound, idempotent=True),
)
async def delete(request: Request, id: str, caller: Writer, write: Idempotent) -> Response:
    done = await write.run(
        caller, lambda tx: numbers.retire_connection(tx, id, caller.actor), lambda _: ConnectionDeleted()
    )
    if done.status_code == 200:
        services_of(request).desk.drop(id)
    return done
