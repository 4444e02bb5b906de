"""Connections as rows: how they are written to the table and read back. Secrets are sealed on the way in."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

import structlog
from sqlalchemy import Row

from saperly_server.core.crypto import SecretBox

from .contracts import (
    Backend,
    BackgroundAudio,
    CallControl,
    Connection,
    Llm,
    LlmKind,
    McpAuth,
    McpAuthType,
    McpServer,
    Mode,
    OpenaiRealtime,
    Transfer,
    Tts,
)

_logger = structlog.get_logger(__name__)

_PLAIN = (
    "id",
    "name",
    "instructions",
    "language",
    "compliance_enabled",
    "sms_auto_reply",
    "recording_enabled",
    "disclosure",
    "manual_webhook_url",
    "created_at",
)
_OBJECTS = ("llm", "tts", "background_audio", "call_control", "openai_realtime")


def columns(connection: Connection, secrets: SecretBox) -> dict[str, Any]:
    """The row of a connection, without its owner and its times of life."""
    values: dict[str, Any] = {name: getattr(connection, name) for name in _PLAIN}
    values |= {"mode": connection.mode.value, "backend": connection.backend.value}
    for name in _OBJECTS:
        value = getattr(connection, name)
        values[name] = None if value is None else asdict(value)
    servers = connection.mcp_servers
    values["mcp_servers"] = None if servers is None else [_sealed_server(one, secrets) for one in servers]
    secret = connection.manual_secret
    values["manual_secret"] = None if secret is None else secrets.seal(secret)
    return values


def to_connection(row: Row[Any], secrets: SecretBox | None = None) -> Connection:
    """The connection of a row. With `secrets`, the manual secret and the tokens of MCP servers are opened."""
    servers = row.mcp_servers
    return Connection(
        **{name: row._mapping[name] for name in _PLAIN},
        mode=Mode(row.mode),
        backend=Backend(row.backend),
        llm=None if row.llm is None else Llm(**{**row.llm, "kind": LlmKind(row.llm["kind"])}),
        tts=None if row.tts is None else Tts(**row.tts),
        background_audio=None if row.background_audio is None else BackgroundAudio(**row.background_audio),
        call_control=_control(row.call_control),
        openai_realtime=None if row.openai_realtime is None else OpenaiRealtime(**row.openai_realtime),
        mcp_servers=None if servers is None else tuple(_server(row.id, one, secrets) for one in servers),
        manual_secret=opened(row.id, row.manual_secret, secrets),
    )


def _control(value: dict[str, Any] | None) -> CallControl:
    if value is None:
        return CallControl()
    transfer = value["transfer"]
    if transfer is not None:
        transfer = Transfer(tuple(transfer["targets"]), transfer["from_number"])
    return CallControl(value["end_call"], value["send_dtmf"], transfer)


def _sealed_server(server: McpServer, secrets: SecretBox) -> dict[str, Any]:
    auth = None
    if server.auth is not None:
        token = server.auth.token
        auth = {"type": server.auth.type.value, "sealed": secrets.seal(token).decode() if token else None}
    return {"url": server.url, "auth": auth, "allowed_tools": server.allowed_tools}


def _server(connection_id: str, value: dict[str, Any], secrets: SecretBox | None) -> McpServer:
    auth, tools = value["auth"], value["allowed_tools"]
    if auth is not None:
        sealed = auth["sealed"].encode() if auth["sealed"] else None
        auth = McpAuth(McpAuthType(auth["type"]), opened(connection_id, sealed, secrets))
    return McpServer(value["url"], auth, None if tools is None else tuple(tools))


def opened(connection_id: str, sealed: bytes | None, secrets: SecretBox | None) -> str | None:
    """The secret; None, and a line in the log, when the deployment's key has changed since it was sealed."""
    if sealed is None or secrets is None:
        return None
    try:
        return secrets.open(sealed)
    except ValueError:
        _logger.error("stored secret cannot be read", connection_id=connection_id)
        return None
