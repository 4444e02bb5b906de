"""API keys: making, listing, minting children, revoking.

Only the SHA-256 of a key is stored. A child's grant lies within its parent's when it is minted, and is cut by every
ancestor's again whenever it is used, so narrowing or revoking an ancestor takes effect at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Row, and_, case, func, insert, literal, select, update

from saperly_server.audit import record
from saperly_server.core import crypto
from saperly_server.core.db import Tenant, TenantTx, Tx
from saperly_server.core.ids import new_id
from saperly_server.core.pagination import Page, newest_first

from .contracts import ApiKey, Caller, Grant, MintedKey, SpendLimit, effective
from .errors import AuthorizationDenied, Unauthorized
from .models import api_keys
from .scopes import Scope

_INDEXED_DEPTH = 2
"""Roots and their children: `ix_api_keys_root`, `ix_api_keys_child`."""


def new_secret(environment: str) -> str:
    """`sk_<environment>_` + 32 random base62 characters + a 6 character checksum."""
    body = crypto.random_base62(32)
    return f"sk_{environment}_{body}{crypto.checksum(body)}"


def display_prefix(secret: str) -> str:
    """What is shown of a key for recognising it: enough to tell keys apart, far too little to use one."""
    return secret[: secret.rindex("_") + 5]


def _dead(row: Row[Any], now: datetime) -> bool:
    return row.revoked_at is not None or (row.expires_at is not None and row.expires_at <= now)


def _grant(row: Row[Any]) -> Grant:
    return Grant(
        scopes=frozenset(Scope(word) for word in row.scopes),
        numbers=None if row.numbers is None else frozenset(row.numbers),
        limit=None if row.limit_cents is None else SpendLimit(row.limit_cents, row.limit_reset),
        expires_at=row.expires_at,
    )


async def mint_root(tx: Tx, tenant: Tenant, name: str, grant: Grant, actor: str) -> MintedKey:
    """A key without a parent: made when a workspace begins, or by an operator at the machine."""
    return await _insert(tx, tenant, name, grant, parent_path=(), actor=actor)


async def root_keys(tx: TenantTx) -> list[ApiKey]:
    """The root keys of this environment that are still good, the oldest first."""
    query = select(api_keys, _spent(tx.now)).where(
        api_keys.c.environment == tx.tenant.environment,
        func.cardinality(api_keys.c.path) == 1,
        api_keys.c.revoked_at.is_(None),
    )
    return [_key(row) for row in await tx.all(query.order_by(api_keys.c.id))]


async def mint_child(tx: TenantTx, caller: Caller, name: str, grant: Grant) -> MintedKey:
    """A key below the caller's, in the same workspace and environment. AuthorizationDenied when it would exceed it.

    Revocation waits while the child is made, so a revoked parent never gains a living child.
    """
    await _lock(tx)
    ceiling = await _ceiling(tx, caller)
    excess = grant.within(ceiling)
    if excess:
        raise AuthorizationDenied(excess)
    return await _insert(tx, tx.tenant, name, grant, parent_path=caller.path, actor=caller.actor)


async def _lock(tx: TenantTx) -> None:
    """The account's lock, which the gate holds while it decides: whom a key admits, and what lies below it, stands still."""
    await tx.call("ledger_lock", workspace_id=tx.tenant.workspace_id, environment=tx.tenant.environment)


async def _ceiling(tx: TenantTx, caller: Caller) -> Grant:
    chain = await tx.all(
        select(api_keys).where(api_keys.c.id.in_(caller.path)).order_by(func.cardinality(api_keys.c.path))
    )
    if not chain or any(_dead(row, tx.now) for row in chain):
        raise Unauthorized
    grants = [_grant(row) for row in chain]
    return Grant(
        scopes=caller.grant.scopes,
        numbers=effective(grants).numbers,
        limit=_tightest([grant.limit for grant in grants if grant.limit is not None]),
        expires_at=effective(grants).expires_at,
    )


def _tightest(limits: Sequence[SpendLimit]) -> SpendLimit | None:
    """The cap a child must fit: the smallest amount on the path, and lifetime if any cap on the path is."""
    if not limits:
        return None
    lifetime = any(limit.reset is None for limit in limits)
    return SpendLimit(min(limit.amount_cents for limit in limits), None if lifetime else "monthly")


async def _insert(
    tx: Tx, tenant: Tenant, name: str, grant: Grant, *, parent_path: tuple[str, ...], actor: str
) -> MintedKey:
    key_id, secret = new_id("key"), new_secret(tenant.environment)
    row = await tx.one(
        insert(api_keys)
        .values(
            workspace_id=tenant.workspace_id,
            id=key_id,
            environment=tenant.environment,
            name=name,
            hash=crypto.sha256(secret),
            prefix=display_prefix(secret),
            path=[*parent_path, key_id],
            scopes=sorted(grant.scopes),
            numbers=None if grant.numbers is None else sorted(grant.numbers),
            limit_cents=grant.limit.amount_cents if grant.limit else None,
            limit_reset=grant.limit.reset if grant.limit else None,
            expires_at=grant.expires_at,
            created_at=tx.now,
        )
        .returning(api_keys, literal(0).label("spent_cents"))
    )
    assert row is not None
    await record(tx, tenant, actor, "key.created", "key", key_id, {"name": name, "scopes": sorted(grant.scopes)})
    return MintedKey(_key(row), secret)


async def list_keys(tx: TenantTx, caller: Caller, page: Page) -> list[ApiKey]:
    """The caller's key and its descendants, newest first: a key sees its own branch, not its siblings."""
    spent = _spent(tx.now)
    query = select(api_keys, spent).where(api_keys.c.environment == tx.tenant.environment, _in_branch(caller))
    return [_key(row) for row in await tx.all(newest_first(query, api_keys.c.id, page))]


def _in_branch(caller: Caller) -> ColumnElement[bool]:
    """The key itself and all below it: near the root by an index that is in the order of the list, else the few there are."""
    depth = len(caller.path)
    if depth <= _INDEXED_DEPTH:
        return api_keys.c.path[depth] == caller.key_id
    below = select(api_keys.c.id).where(api_keys.c.path.contains([caller.key_id]))
    return api_keys.c.id.in_(select(below.cte("branch").prefix_with("materialized").c.id))


def _spent(now: datetime) -> Any:
    """Cents held and settled in the key's current period. The counter is the ledger's; only its sum is read here."""
    period = case((api_keys.c.limit_reset == "monthly", f"{now:%Y-%m}"), else_="lifetime")
    return func.coalesce(func.ledger_spent(api_keys.c.workspace_id, api_keys.c.id, period), 0).label("spent_cents")


async def revoke(tx: TenantTx, caller: Caller, key_id: str) -> None:
    """Revoke a key of the caller's branch and all its descendants, from this commit on. Revoking again changes nothing.

    AuthorizationDenied when the key is not in the caller's branch: it cannot be told from one that does not exist.
    """
    branch = and_(api_keys.c.environment == tx.tenant.environment, api_keys.c.path.contains([key_id]))
    found = await tx.one(
        select(api_keys.c.id).where(api_keys.c.id == key_id, branch, api_keys.c.path.contains([caller.key_id]))
    )
    if found is None:
        raise AuthorizationDenied("There is no such key below the one you are using.")
    await _lock(tx)
    revoked = await tx.all(
        update(api_keys)
        .where(branch, api_keys.c.revoked_at.is_(None))
        .values(revoked_at=tx.now)
        .returning(api_keys.c.id)
    )
    for row in sorted(revoked, key=lambda item: str(item.id)):
        await record(tx, tx.tenant, caller.actor, "key.revoked", "key", row.id, {"because": key_id})


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        id=row.id,
        environment=row.environment,
        name=row.name,
        prefix=row.prefix,
        grant=_grant(row),
        minted_by=row.path[-2] if len(row.path) > 1 else None,
        spent_cents=row.spent_cents,
        created_at=row.created_at,
        last_used_at=row.last_used_at,
        revoked_at=row.revoked_at,
    )
