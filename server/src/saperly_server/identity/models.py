"""Tables of identity: workspaces, their members, their API keys."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, Integer, LargeBinary, Table, Text, UniqueConstraint, text
from sqlalchemy.dialects.postgresql import ARRAY

from saperly_server.core.columns import environment, instant, one_of, row_id, workspace_id
from saperly_server.core.db import metadata

workspaces = Table(
    "workspaces",
    metadata,
    workspace_id(),
    Column("slug", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("contact", Text),
    Column("destinations", ARRAY(Text), nullable=False),
    Column("number_quota", Integer, nullable=False),
    Column("concurrent_calls", Integer, nullable=False),
    instant("spending_stopped_at", nullable=True),
    instant("created_at"),
)

members = Table(
    "members",
    metadata,
    workspace_id(),
    row_id(),
    Column("name", Text, nullable=False),
    Column("email", Text, nullable=False),
    Column("image", Text),
    Column("role", Text, nullable=False),
    Column("system_role", Text, nullable=False),
    instant("created_at"),
    one_of("role", "owner", "admin", "member"),
    one_of("system_role", "admin", "user"),
    UniqueConstraint("workspace_id", "email"),
)

api_keys = Table(
    "api_keys",
    metadata,
    workspace_id(),
    row_id(),
    environment(),
    Column("name", Text, nullable=False),
    Column("hash", LargeBinary, nullable=False, unique=True),
    Column("prefix", Text, nullable=False),
    # From the root key down to this one, itself included: what a spend counts against, and who can revoke it.
    Column("path", ARRAY(Text), nullable=False),
    Column("scopes", ARRAY(Text), nullable=False),
    Column("numbers", ARRAY(Text)),
    Column("limit_cents", BigInteger),
    Column("limit_reset", Text),
    instant("expires_at", nullable=True),
    instant("created_at"),
    instant("last_used_at", nullable=True),
    instant("revoked_at", nullable=True),
    one_of("environment", "live", "test"),
    one_of("limit_reset", "monthly"),
    Index(None, "workspace_id", "environment", "created_at"),
    Index("ix_api_keys_path", "path", postgresql_using="gin"),
    # A root key's branch, and that of its children, in the order of the list.
    Index("ix_api_keys_root", "workspace_id", "environment", text("(path[1])"), "id"),
    Index("ix_api_keys_child", "workspace_id", "environment", text("(path[2])"), "id"),
)
