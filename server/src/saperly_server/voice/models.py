"""Tables of calls: the billed call, the log of its inputs, what was said, and the disclosure that was spoken."""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, LargeBinary, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from saperly_server.core.columns import belongs_to, environment, instant, one_of, row_id, workspace_id
from saperly_server.core.db import metadata

calls = Table(
    "calls",
    metadata,
    workspace_id(),
    row_id(),
    environment(),
    Column("number_id", Text, nullable=False),
    Column("connection_id", Text),
    Column("direction", Text, nullable=False),
    Column("from_number", Text, nullable=False),
    Column("to_number", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("instructions", Text),
    # Everything the engine needs to know about this call, fixed when it began.
    Column("plan", JSONB, nullable=False),
    Column("rate_micros_per_min", BigInteger, nullable=False),
    Column("duration_sec", Integer),
    Column("reported_duration_sec", Integer),
    Column("cost_cents", BigInteger),
    Column("end_reason", Text),
    Column("hold_id", Text),
    Column("key_id", Text),
    Column("carrier_call_id", Text),
    Column("owner", Text),
    # Until when a process that took the call over may end it; null: as long as its owner is seen.
    instant("lease_until", nullable=True),
    instant("created_at"),
    instant("answered_at", nullable=True),
    instant("ended_at", nullable=True),
    one_of("direction", "inbound", "outbound"),
    one_of("status", "initiated", "completed", "no_answer", "failed", "rejected"),
    belongs_to("numbers", "number_id"),
    Index("ix_calls_page", "workspace_id", "environment", "id"),
    Index("ix_calls_number", "workspace_id", "number_id", "id"),
    Index("ix_calls_live", "workspace_id", "environment", postgresql_where=text("status = 'initiated'")),
    Index(
        "ix_calls_carrier",
        "carrier_call_id",
        unique=True,
        postgresql_where=text("carrier_call_id is not null"),
    ),
)

# The processes that hold calls, and until when each was last seen: one row for each, however many calls it holds.
call_owners = Table("call_owners", metadata, Column("owner", Text, primary_key=True), instant("lease_until"))

call_inputs = Table(
    "call_inputs",
    metadata,
    workspace_id(),
    Column("call_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("input", JSONB, nullable=False),
    instant("at"),
    belongs_to("calls", "call_id"),
)

transcript_turns = Table(
    "transcript_turns",
    metadata,
    workspace_id(),
    Column("call_id", Text, primary_key=True),
    Column("seq", Integer, primary_key=True, autoincrement=False),
    Column("role", Text, nullable=False),
    Column("text", Text, nullable=False),
    # What the other side heard of it: shorter than `text` when the line was interrupted, null when nobody knows.
    Column("heard", Text),
    Column("interrupted", Boolean, nullable=False),
    instant("at"),
    belongs_to("calls", "call_id"),
)

disclosures = Table(
    "disclosures",
    metadata,
    workspace_id(),
    Column("call_id", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("outcome", Text, nullable=False),
    instant("started_at"),
    instant("ended_at", nullable=True),
    one_of("outcome", "started", "completed", "peer_hung_up", "failed"),
    belongs_to("calls", "call_id"),
)
