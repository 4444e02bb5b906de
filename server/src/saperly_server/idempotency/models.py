"""The table of remembered answers."""

from __future__ import annotations

from sqlalchemy import Column, Integer, LargeBinary, Table, Text

from saperly_server.core.columns import instant, one_of, workspace_id
from saperly_server.core.db import metadata

idempotency_records = Table(
    "idempotency_records",
    metadata,
    workspace_id(),
    Column("key_id", Text, primary_key=True),
    Column("route", Text, primary_key=True),
    Column("idempotency_key", Text, primary_key=True),
    Column("fingerprint", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),
    Column("resource_id", Text),
    Column("status", Integer),
    Column("body", LargeBinary),
    instant("lease_until"),
    instant("created_at"),
    one_of("state", "in_progress", "done"),
)
