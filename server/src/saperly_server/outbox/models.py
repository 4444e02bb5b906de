"""Tables of what goes to and comes from the carriers: intents written before the request, events stored before the work."""

from __future__ import annotations

from sqlalchemy import Column, Index, Integer, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from saperly_server.core.columns import environment, instant, one_of, row_id, workspace_id
from saperly_server.core.db import metadata

carrier_operations = Table(
    "carrier_operations",
    metadata,
    workspace_id(),
    row_id(),
    environment(),
    Column("kind", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("attempts", Integer, nullable=False),
    # Who is at work on it and until when; a lease that ran out is taken over by the next worker.
    Column("owner", Text),
    instant("due_at"),
    instant("created_at"),
    instant("finished_at", nullable=True),
    Column("outcome", JSONB),
    one_of("state", "open", "done"),
    Index("ix_carrier_operations_due", "due_at", postgresql_where=text("state = 'open'")),
    Index(None, "workspace_id", "resource_id"),
)

carrier_events = Table(
    "carrier_events",
    metadata,
    Column("carrier", Text, primary_key=True),
    Column("event_id", Text, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("ref", Text),
    Column("data", JSONB, nullable=False),
    instant("occurred_at"),
    instant("received_at"),
    Column("attempts", Integer, nullable=False),
    instant("due_at", nullable=True),
    instant("applied_at", nullable=True),
    Index("ix_carrier_events_due", "due_at", postgresql_where=text("applied_at is null")),
)
