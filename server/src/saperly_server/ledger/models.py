"""Tables of the ledger: what a workspace has, what is held, and every move, append-only."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Table, Text, UniqueConstraint, text

from saperly_server.core.columns import environment, instant, one_of, row_id, workspace_id
from saperly_server.core.db import metadata


def _cents(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


accounts = Table(
    "accounts",
    metadata,
    workspace_id(),
    Column("environment", Text, primary_key=True),
    _cents("available_cents"),
    _cents("held_cents"),
    _cents("seq"),
    instant("first_number_at", nullable=True),
    CheckConstraint("available_cents >= 0", name="available"),
    CheckConstraint("held_cents >= 0", name="held"),
    one_of("environment", "live", "test"),
)

holds = Table(
    "holds",
    metadata,
    workspace_id(),
    row_id(),
    environment(),
    Column("purpose", Text, nullable=False),
    Column("resource_id", Text, nullable=False),
    Column("key_id", Text),
    # The UTC month in which the hold was made ('2026-11'): a capped spend belongs to it, also when it settles later.
    Column("month", Text, nullable=False),
    _cents("amount_cents"),
    _cents("settled_cents"),
    Column("state", Text, nullable=False),
    instant("created_at"),
    instant("closed_at", nullable=True),
    one_of("purpose", "message", "call", "number"),
    one_of("state", "open", "settled", "released"),
    CheckConstraint("amount_cents >= 0", name="amount"),
    CheckConstraint("settled_cents between 0 and amount_cents", name="settled"),
    CheckConstraint("(state = 'open') = (closed_at is null)", name="closed"),
    UniqueConstraint("workspace_id", "resource_id"),
    Index("ix_holds_open", "workspace_id", "environment", postgresql_where=text("state = 'open'")),
)

ledger_entries = Table(
    "ledger_entries",
    metadata,
    workspace_id(),
    Column("environment", Text, primary_key=True),
    Column("seq", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False),
    Column("entry_type", Text, nullable=False),
    # The legs of one move. They sum to zero, so every entry is a balanced double entry by itself.
    _cents("available_delta"),
    _cents("held_delta"),
    _cents("contra_delta"),
    Column("contra_account", Text),
    _cents("available_after"),
    _cents("held_after"),
    Column("hold_id", Text),
    Column("resource_id", Text),
    Column("key_id", Text),
    # What made this move happen, once: 'reserve:<hold>', 'settle:<hold>', 'rent:<number>:<period>', 'psp:<event>' …
    Column("cause", Text, nullable=False),
    instant("created_at"),
    one_of("entry_type", "reserve", "settle", "release", "topup", "charge", "adjust"),
    one_of("contra_account", "card_in", "promo", "revenue", "adjustments"),
    CheckConstraint("available_delta + held_delta + contra_delta = 0", name="balanced"),
    CheckConstraint("available_after >= 0 and held_after >= 0", name="after"),
    UniqueConstraint("workspace_id", "environment", "cause"),
    Index(None, "workspace_id", "hold_id"),
    Index(None, "workspace_id", "environment", "created_at"),
)

key_spend = Table(
    "key_spend",
    metadata,
    workspace_id(),
    Column("key_id", Text, primary_key=True),
    # A UTC month ('2026-11') or 'lifetime', by the key's own reset rule.
    Column("period", Text, primary_key=True),
    _cents("held_cents"),
    _cents("settled_cents"),
    CheckConstraint("held_cents >= 0", name="held"),
    CheckConstraint("settled_cents >= 0", name="settled"),
)
