"""The table of text messages."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, Table, Text, text

from saperly_server.core.columns import belongs_to, environment, instant, one_of, row_id, workspace_id
from saperly_server.core.db import metadata

messages = Table(
    "messages",
    metadata,
    workspace_id(),
    row_id(),
    environment(),
    Column("number_id", Text, nullable=False),
    Column("direction", Text, nullable=False),
    Column("from_number", Text, nullable=False),
    # The alphanumeric name it was sent under, where one was used instead of the number.
    Column("sender_id", Text),
    Column("to_number", Text, nullable=False),
    Column("body", Text, nullable=False),
    Column("encoding", Text, nullable=False),
    Column("segments", Integer, nullable=False),
    Column("status", Text, nullable=False),
    # 'customer' is paid and gated; 'opt_out', 'help' and 'opt_in' are the platform's own free, one-time replies.
    Column("purpose", Text, nullable=False),
    Column("hold_id", Text),
    Column("key_id", Text),
    Column("cost_cents", BigInteger),
    Column("carrier_message_id", Text),
    # The same of a text that came in, in a column that never changes: it is stored once, however often it is reported.
    Column("inbound_id", Text),
    Column("error", Text),
    instant("created_at"),
    instant("handed_off_at", nullable=True),
    instant("finalized_at", nullable=True),
    one_of("direction", "inbound", "outbound"),
    one_of("status", "queued", "sent", "delivered", "undelivered", "failed", "received"),
    one_of("purpose", "customer", "opt_out", "help", "opt_in"),
    belongs_to("numbers", "number_id"),
    Index("ix_messages_page", "workspace_id", "environment", "id"),
    Index("ix_messages_number", "workspace_id", "number_id", "id"),
    Index(
        "ix_messages_inbound",
        "workspace_id",
        "number_id",
        "inbound_id",
        unique=True,
        postgresql_where=text("inbound_id is not null"),
    ),
    # Room for the changes that each message goes through, beside its row.
    postgresql_with={"fillfactor": 80},
)
