"""Tables of the audit trail."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, LargeBinary, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from saperly_server.core.columns import environment, instant, workspace_id
from saperly_server.core.db import metadata

audit_events = Table(
    "audit_events",
    metadata,
    workspace_id(),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    environment(),
    Column("event_type", Text, nullable=False),
    Column("target_type", Text, nullable=False),
    Column("target_id", Text, nullable=False),
    Column("actor", Text, nullable=False),
    Column("data", JSONB, nullable=False),
    instant("created_at"),
    Column("hash", LargeBinary, nullable=False),
)

audit_heads = Table(
    "audit_heads",
    metadata,
    workspace_id(),
    Column("seq", BigInteger, nullable=False),
    Column("hash", LargeBinary, nullable=False),
)
