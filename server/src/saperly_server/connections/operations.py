"""Making, changing and deleting connections."""

from __future__ import annotations

import secrets as system_random
from dataclasses import fields, replace
from typing import Any

from sqlalchemy import insert, update

from saperly_server.audit import record
from saperly_server.core.crypto import SecretBox
from saperly_server.core.db import TenantTx
from saperly_server.core.ids import new_id

from .catalogue import voice_catalogue
from .contracts import (
    Backend,
    CallControl,
    Connection,
    ConnectionChange,
    ConnectionDraft,
    Mode,
    Tts,
)
from .custom_voices import hold_voice
from .models import connections
from .queries import locked_row
from .rules import check
from .stored import columns, to_connection

_CLEARED_BY_BLANK = ("language", "manual_webhook_url")
_SHOWN_IN_TRAIL = ("mode", "compliance_enabled", "recording_enabled", "disclosure")


def new_manual_secret() -> str:
    """What a manual brain shows to be let in: `mc_` and 64 hexadecimal digits of system randomness."""
    return f"mc_{system_random.token_hex(32)}"


async def create_connection(
    tx: TenantTx, draft: ConnectionDraft, actor: str, secrets: SecretBox, *, local_urls: bool = False
) -> Connection:
    """A new connection, with its manual secret if it begins as a manual one.

    ValidationError, UnsupportedModel, UnsupportedVoice or AudioConfigurationError as `rules.check` and the voices say.
    """
    connection = _applied(_blank(tx), draft)
    check(draft, connection.mode, local_urls=local_urls)
    await _check_voice(tx, draft.tts)
    values = columns(connection, secrets)
    await tx.run(
        insert(connections).values(workspace_id=tx.tenant.workspace_id, environment=tx.tenant.environment, **values)
    )
    data = {"name": connection.name, **_trail(connection)}
    await record(tx, tx.tenant, actor, "connection.created", "connection", connection.id, data)
    if not connection.compliance_enabled:
        await _record_toggle(tx, connection, actor)
    return connection


async def update_connection(
    tx: TenantTx,
    connection_id: str,
    change: ConnectionChange,
    actor: str,
    secrets: SecretBox,
    *,
    local_urls: bool = False,
) -> Connection:
    """Change what is sent, and nothing when everything already is as sent. Live calls keep what they began with.

    The first switch to manual mints the manual secret; every later switch keeps it. ConnectionNotFound, or the errors of
    `create_connection`.
    """
    row = await locked_row(tx, connection_id)
    before = to_connection(row, secrets)
    check(change, change.mode or before.mode, local_urls=local_urls)
    await _check_voice(tx, change.tts)
    after = _applied(before, change, mint=row.manual_secret is None)
    changed = [name for name in _field_names() if getattr(before, name) != getattr(after, name)]
    if not changed:
        return before
    sealed = columns(after, secrets)
    await _write(tx, connection_id, **{name: sealed[name] for name in changed})
    await _record_change(tx, before, after, changed, actor)
    return after


async def delete_connection(tx: TenantTx, connection_id: str, actor: str) -> None:
    """Delete a connection; calls that it answered still name it. Its numbers are the numbers feature's to free.

    ConnectionNotFound when there is none, or it was deleted before.
    """
    row = await locked_row(tx, connection_id)
    await _write(tx, connection_id, deleted_at=tx.now)
    await record(tx, tx.tenant, actor, "connection.deleted", "connection", connection_id, {"name": row.name})


def _blank(tx: TenantTx) -> Connection:
    return Connection(
        id=new_id("conn"),
        name="",
        mode=Mode.HOSTED,
        backend=Backend.NETWORK,
        instructions="",
        llm=None,
        tts=None,
        language=None,
        background_audio=None,
        mcp_servers=None,
        call_control=CallControl(),
        compliance_enabled=True,
        sms_auto_reply=False,
        recording_enabled=False,
        disclosure="",
        openai_realtime=None,
        manual_webhook_url=None,
        created_at=tx.now,
    )


def _applied(before: Connection, change: ConnectionChange, *, mint: bool = True) -> Connection:
    sent: dict[str, Any] = {
        one.name: value for one in fields(change) if (value := getattr(change, one.name)) is not None
    }
    for name in _CLEARED_BY_BLANK:
        if sent.get(name) == "":
            sent[name] = None
    after = replace(before, **sent)
    needs_secret = mint and after.mode is Mode.MANUAL
    return replace(after, manual_secret=new_manual_secret()) if needs_secret else after


async def _check_voice(tx: TenantTx, tts: Tts | None) -> None:
    if tts is not None and tts.voice_id not in voice_catalogue():
        await hold_voice(tx, tts.voice_id)


async def _write(tx: TenantTx, connection_id: str, **values: Any) -> None:
    mine = connections.c.workspace_id == tx.tenant.workspace_id
    await tx.run(update(connections).where(mine, connections.c.id == connection_id).values(**values))


async def _record_change(tx: TenantTx, before: Connection, after: Connection, changed: list[str], actor: str) -> None:
    """The trail names every changed field, and shows those that decide what peers are told. Never key material."""
    shown = {name: value for name, value in _trail(after).items() if name in changed}
    data = {"fields": changed, **shown}
    await record(tx, tx.tenant, actor, "connection.changed", "connection", after.id, data)
    if before.compliance_enabled != after.compliance_enabled:
        await _record_toggle(tx, after, actor)


async def _record_toggle(tx: TenantTx, connection: Connection, actor: str) -> None:
    data = {"enabled": connection.compliance_enabled}
    await record(tx, tx.tenant, actor, "compliance.toggled", "connection", connection.id, data)


def _trail(connection: Connection) -> dict[str, Any]:
    return {name: getattr(connection, name) for name in _SHOWN_IN_TRAIL}


def _field_names() -> list[str]:
    return [one.name for one in fields(Connection)]
