"""Tables of consent and suppression. Rows are closed by a date, never deleted or rewritten."""

from __future__ import annotations

from sqlalchemy import Column, Index, Table, Text, text
from sqlalchemy.dialects.postgresql import JSONB

from saperly_server.core.columns import environment, instant, one_of, row_id, workspace_id
from saperly_server.core.db import metadata

consents = Table(
    "consents",
    metadata,
    workspace_id(),
    row_id(),
    environment(),
    Column("number_id", Text, nullable=False),
    Column("peer_number", Text, nullable=False),
    Column("consent_type", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("recorded_by", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    instant("granted_at"),
    instant("revoked_at", nullable=True),
    Column("revoked_via", Text),
    one_of("consent_type", "implied_inbound", "explicit_outbound"),
    Index(
        "uq_consents_active",
        "workspace_id",
        "number_id",
        "peer_number",
        unique=True,
        postgresql_where=text("revoked_at is null"),
    ),
    Index(None, "workspace_id", "number_id", "peer_number", "granted_at"),
    Index("ix_consents_page", "workspace_id", "environment", "id"),
    Index("ix_consents_number", "workspace_id", "number_id", "id"),
)

suppressions = Table(
    "suppressions",
    metadata,
    workspace_id(),
    row_id(),
    environment(),
    Column("peer_number", Text, nullable=False),
    # 'peer': they asked us to stop, only they can undo it. 'workspace': revoked over the API, an explicit grant undoes it.
    Column("origin", Text, nullable=False),
    Column("source", Text, nullable=False),
    Column("evidence", JSONB, nullable=False),
    # When it was said, by the clock of whoever brought the words; what was said later outranks it.
    instant("said_at"),
    instant("created_at"),
    instant("lifted_at", nullable=True),
    Column("lifted_by", Text),
    one_of("origin", "peer", "workspace"),
    Index(
        "uq_suppressions_active",
        "workspace_id",
        "environment",
        "peer_number",
        "origin",
        unique=True,
        postgresql_where=text("lifted_at is null"),
    ),
)
