"""Identifiers: opaque, sortable, prefixed with what they name (`num_01J…`). The prefix is for people; nothing reads it."""

from __future__ import annotations

import uuid

from ulid import ULID


def new_id(prefix: str) -> str:
    """A new identifier `<prefix>_<ULID>`: 26 upper-case Crockford characters, ordered by creation time."""
    return f"{prefix}_{ULID()}"


def new_uuid() -> str:
    """A random UUID (version 4) as text, where a contract asks for one."""
    return str(uuid.uuid4())
