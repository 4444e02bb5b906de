"""Remembering answers.

A record is written in the transaction of the effect it protects. Ordinary writes claim it and store the answer in one
transaction. Admissions (calls, messages, numbers) claim it in the gate, as `in_progress` with the resource it made, and the
answer is stored when the network's answer is known; until then a repetition finds the resource, never a second effect.

Stored: answers of 2xx, and refusals that can never change. Not stored: 402, 403, 409, 429, 5xx, and everything refused
before execution. Kept for 24 hours.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import orjson
from sqlalchemy import Delete, delete, func, insert, select, update

from saperly_server.core.db import Tx

from .errors import IdempotencyConflict, IdempotencyKeyMismatch
from .models import idempotency_records as records

KEEP = timedelta(hours=24)
LEASE_SEC = 30.0
_FORM = re.compile(r"^[\x21-\x7e]{1,255}$")


@dataclass(frozen=True, slots=True)
class Scope:
    """What one key protects: a route of one credential, with the fingerprint of the request it was first used for."""

    workspace_id: str
    key_id: str
    route: str
    key: str
    fingerprint: bytes

    def intent(self) -> dict[str, str]:
        """The gate's form of it."""
        return {"route": self.route, "key": self.key, "fingerprint": self.fingerprint.hex()}


@dataclass(frozen=True, slots=True)
class Stored:
    """A remembered answer: the bytes that were sent."""

    status: int
    body: bytes


def scope_of(workspace_id: str, key_id: str, route: str, key: str, request: dict[str, Any]) -> Scope:
    """The scope of a request. IdempotencyKeyMismatch when the key is not 1 to 255 visible ASCII characters.

    The fingerprint is SHA-256 over canonical JSON (sorted keys, no white space) of path, query and body; numbers are
    compared as JSON writes them, so `1` and `1.0` differ.
    """
    if not _FORM.match(key):
        raise IdempotencyKeyMismatch("An Idempotency-Key is 1 to 255 visible ASCII characters.")
    canonical = orjson.dumps(request, option=orjson.OPT_SORT_KEYS)
    return Scope(workspace_id, key_id, route, key, hashlib.sha256(canonical).digest())


async def claim(tx: Tx, scope: Scope) -> Stored | None:
    """Begin the one execution, in the transaction of its effect: None, or the answer of the first. An execution that
    was left unfinished by a process that died is begun again once its lease has run out.

    IdempotencyConflict while the first one runs, IdempotencyKeyMismatch when it was another request.
    """
    free = await tx.scalar(select(func.pg_try_advisory_xact_lock(func.hashtextextended(_lock_name(scope), 0))))
    if not free:
        raise IdempotencyConflict
    found = await tx.one(select(records).where(*_where(scope)))
    if found is None:
        await tx.run(insert(records).values(**_identity(scope), state="in_progress", **_times(tx)))
        return None
    if found.fingerprint != scope.fingerprint:
        raise IdempotencyKeyMismatch("This Idempotency-Key was used for a different request.")
    if found.state == "done":
        return Stored(found.status, found.body)
    if found.lease_until > tx.now:
        raise IdempotencyConflict
    await tx.run(update(records).where(*_where(scope)).values(lease_until=tx.now + timedelta(seconds=LEASE_SEC)))
    return None


async def finish(tx: Tx, scope: Scope, status: int, body: bytes) -> Stored:
    """Store the answer, once: the first to finish decides what every repetition gets."""
    await tx.run(
        update(records)
        .where(*_where(scope), records.c.state == "in_progress")
        .values(state="done", status=status, body=body)
    )
    row = await tx.one(select(records.c.status, records.c.body).where(*_where(scope)))
    return Stored(row.status, row.body) if row is not None and row.status is not None else Stored(status, body)


async def forget(tx: Tx, scope: Scope, resource_id: str | None = None) -> None:
    """Drop an unfinished record: the request failed without effect and may be sent again.

    `resource_id` is what the failed request had made: a record of a newer request with the same key stays.
    """
    query = _drop(scope).where(records.c.state == "in_progress")
    await tx.run(query if resource_id is None else query.where(records.c.resource_id == resource_id))


async def forget_expired(tx: Tx) -> int:
    """Drop records older than 24 hours; how many there were."""
    return await tx.run(delete(records).where(records.c.created_at < tx.now - KEEP))


def _drop(scope: Scope) -> Delete:
    return delete(records).where(*_where(scope))


def _lock_name(scope: Scope) -> str:
    return "\n".join((scope.workspace_id, scope.key_id, scope.route, scope.key))


def _identity(scope: Scope) -> dict[str, Any]:
    return {
        "workspace_id": scope.workspace_id,
        "key_id": scope.key_id,
        "route": scope.route,
        "idempotency_key": scope.key,
        "fingerprint": scope.fingerprint,
    }


def _times(tx: Tx) -> dict[str, Any]:
    return {"lease_until": tx.now + timedelta(seconds=LEASE_SEC), "created_at": tx.now}


def _where(scope: Scope) -> tuple[Any, ...]:
    c = records.c
    return (
        c.workspace_id == scope.workspace_id,
        c.key_id == scope.key_id,
        c.route == scope.route,
        c.idempotency_key == scope.key,
    )
