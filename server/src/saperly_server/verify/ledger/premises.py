"""A workspace in which a history can take place: accounts, a tree of keys, a number in each environment, a consenting peer.

The rows are written straight into the tables: it is not the making of a workspace that is judged here, and a cap of any
size is wanted on any key.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text

from saperly_server.core.db import Tenant, Tx
from saperly_server.core.ids import new_id
from saperly_server.gate import Intent
from saperly_server.idempotency import Scope
from saperly_server.identity import ALL, Caller, Grant

from .books import Key

PEER = "+14155550199"
ENVIRONMENTS = ("live", "test")

_STATEMENTS = (
    "insert into workspaces (workspace_id, slug, name, destinations, number_quota, concurrent_calls, created_at) "
    "values (:ws, :ws, 'Acme', '{US}', 10, 100000, :now)",
    "insert into audit_heads (workspace_id, seq, hash) values (:ws, 0, '')",
    "insert into accounts (workspace_id, environment, available_cents, held_cents, seq) "
    "select :ws, unnest(cast(:environments as text[])), 0, 0, 0",
    "insert into numbers (workspace_id, id, environment, e164, country, number_type, state, monthly_price_cents, "
    "upfront_price_cents, currency, hold_id, carrier, carrier_number_id, created_at, provisioned_at) "
    "select :ws, 'num_' || e, e, :ws || e, 'US', 'local', 'active', 0, 0, 'USD', 'hold_none', 'simulated', e, :now, :now "
    "from unnest(cast(:environments as text[])) e",
    "insert into consents (workspace_id, id, environment, number_id, peer_number, consent_type, source, recorded_by, "
    "evidence, granted_at) select :ws, 'consent_' || e, e, 'num_' || e, :peer, 'explicit_outbound', 'proof', 'proof', "
    "'{}', :now from unnest(cast(:environments as text[])) e",
)
_KEY = text(
    "insert into api_keys (workspace_id, id, environment, name, hash, prefix, path, scopes, limit_cents, limit_reset, "
    "created_at) values (:ws, :id, 'live', 'key', :hash, 'sk_live_', :path, :scopes, :cents, :reset, :now)"
)


@dataclass(frozen=True, slots=True)
class Premises:
    """One workspace. `keys` are the ids of its keys, in the order of the reference's."""

    workspace_id: str
    keys: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...]

    def tenant(self, environment: str) -> Tenant:
        return Tenant(self.workspace_id, environment)

    def caller(self, key: int | None) -> Caller | None:
        if key is None:
            return None
        return Caller(self.tenant("live"), self.keys[key], self.paths[key], Grant(ALL))

    def text(self, environment: str, key: int | None, cents: int, scope: Scope | None = None) -> Intent:
        """A text message of that price to somebody who agreed to it."""
        row: dict[str, Any] = {"body": "Hello", "encoding": "GSM-7", "segments": 1}
        return Intent(
            kind="message",
            tenant=self.tenant(environment),
            id=new_id("msg"),
            caller=self.caller(key),
            number_id=f"num_{environment}",
            to=PEER,
            country="US",
            refused=None,
            amount_cents=cents,
            row=row,
            handoff="message.send",
            idempotency=scope,
        )


async def premises(tx: Tx, keys: Sequence[Key], now: datetime) -> Premises:
    """A new workspace with these keys."""
    workspace_id = new_id("ws")
    facts = {"ws": workspace_id, "now": now, "environments": list(ENVIRONMENTS), "peer": PEER}
    for statement in _STATEMENTS:
        await tx.run(text(statement), facts)
    names = [f"key_{workspace_id[3:]}_{place}" for place in range(len(keys))]
    paths = tuple(tuple(names[place] for place in key.path) for key in keys)
    rows = [_row(workspace_id, path, key, now) for path, key in zip(paths, keys, strict=True)]
    if rows:
        await tx.conn.execute(_KEY, rows)
    return Premises(workspace_id, tuple(names), paths)


def _row(workspace_id: str, path: Sequence[str], key: Key, now: datetime) -> dict[str, Any]:
    reset = "monthly" if key.monthly else None
    name, scopes = path[-1], sorted(ALL)
    digest = hashlib.sha256(name.encode()).digest()
    common = {"ws": workspace_id, "id": name, "hash": digest, "path": list(path), "now": now}
    return {**common, "scopes": scopes, "cents": key.cap, "reset": reset}
