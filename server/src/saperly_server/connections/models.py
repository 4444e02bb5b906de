"""Tables of connections (the handlers bound to numbers) and of custom voices."""

from __future__ import annotations

from sqlalchemy import Boolean, Column, Index, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from saperly_server.core.columns import environment, instant, one_of, row_id, workspace_id
from saperly_server.core.db import metadata


def _flag(name: str) -> Column[bool]:
    return Column(name, Boolean, nullable=False)


connections = Table(
    "connections",
    metadata,
    workspace_id(),
    row_id(),
    environment(),
    Column("name", Text, nullable=False),
    Column("mode", Text, nullable=False),
    Column("backend", Text, nullable=False),
    Column("instructions", Text, nullable=False),
    Column("llm", JSONB(none_as_null=True)),
    Column("tts", JSONB(none_as_null=True)),
    Column("language", Text),
    Column("background_audio", JSONB(none_as_null=True)),
    Column("mcp_servers", JSONB(none_as_null=True)),
    Column("call_control", JSONB(none_as_null=True)),
    _flag("compliance_enabled"),
    _flag("sms_auto_reply"),
    _flag("recording_enabled"),
    Column("disclosure", Text, nullable=False),
    Column("openai_realtime", JSONB(none_as_null=True)),
    # Encrypted with the deployment's key; minted on the first switch to manual and kept.
    Column("manual_secret", LargeBinary),
    Column("manual_webhook_url", Text),
    instant("created_at"),
    instant("deleted_at", nullable=True),
    one_of("mode", "hosted", "manual"),
    one_of("backend", "network", "openai_realtime"),
    Index("ix_connections_page", "workspace_id", "environment", "id", postgresql_where=text("deleted_at is null")),
)

custom_voices = Table(
    "custom_voices",
    metadata,
    workspace_id(),
    row_id(),
    environment(),
    Column("name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("gender", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("failure_reason", Text),
    Column("sample", LargeBinary, nullable=False),
    Column("sample_format", Text, nullable=False),
    instant("created_at"),
    instant("updated_at"),
    instant("deleted_at", nullable=True),
    one_of("gender", "male", "female", "neutral"),
    one_of("status", "pending", "active", "failed", "expired"),
    Index("ix_custom_voices_page", "workspace_id", "environment", "id", postgresql_where=text("deleted_at is null")),
)
