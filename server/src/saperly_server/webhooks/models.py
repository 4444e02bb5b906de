"""The table of what happened: one row for each event, written in the transaction of the change it tells of."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Identity, Index, Table, Text
from sqlalchemy.dialects.postgresql import JSONB

from saperly_server.core.columns import environment, instant, row_id, workspace_id
from saperly_server.core.db import metadata

events = Table(
    "events",
    metadata,
    workspace_id(),
    row_id(),
    Column("seq", BigInteger, Identity(always=True), nullable=False),
    environment(),
    Column("event_type", Text, nullable=False),
    Column("number_id", Text),
    Column("payload", JSONB, nullable=False),
    instant("created_at"),
    Index(None, "workspace_id", "seq"),
)
