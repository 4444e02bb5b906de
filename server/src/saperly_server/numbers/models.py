"""The table of phone numbers."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Table, Text, text

from saperly_server.core.columns import belongs_to, environment, instant, one_of, row_id, workspace_id
from saperly_server.core.db import metadata

numbers = Table(
    "numbers",
    metadata,
    workspace_id(),
    row_id(),
    environment(),
    Column("e164", Text, nullable=False),
    Column("country", Text, nullable=False),
    Column("number_type", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("connection_id", Text),
    Column("webhook_url", Text),
    Column("sms_sender_id", Text),
    Column("caller_id_name", Text),
    Column("monthly_price_cents", BigInteger, nullable=False),
    Column("upfront_price_cents", BigInteger, nullable=False),
    Column("currency", Text, nullable=False),
    Column("hold_id", Text, nullable=False),
    Column("key_id", Text),
    Column("carrier", Text, nullable=False),
    Column("carrier_number_id", Text),
    Column("carrier_order_id", Text),
    instant("created_at"),
    # Rent periods are counted from here in steps of 30 days; `next_charge_at` is the start of the next unpaid one.
    instant("provisioned_at", nullable=True),
    instant("next_charge_at", nullable=True),
    # When the sweep looks next: the same, or later while the balance did not cover it.
    instant("rent_due_at", nullable=True),
    instant("released_at", nullable=True),
    one_of("state", "reserved", "active", "releasing", "released", "failed"),
    belongs_to("connections", "connection_id"),
    # A number answers in one workspace only, in the whole deployment.
    Index(
        "uq_numbers_in_use",
        "e164",
        unique=True,
        postgresql_where=text("state in ('reserved', 'active', 'releasing')"),
    ),
    Index("ix_numbers_page", "workspace_id", "environment", "id"),
    Index("ix_numbers_connection", "workspace_id", "connection_id"),
    # In the order of the sweep, however many numbers are due at the same instant.
    Index("ix_numbers_rent", "rent_due_at", "workspace_id", "id", postgresql_where=text("state = 'active'")),
)
