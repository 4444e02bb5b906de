"""Consent and suppression: recording, revoking, asking.

Every write takes the account's lock first. The gate holds the same lock while it decides, so a revocation that has
committed is seen by every admission after it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import Row, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from saperly_server.audit import record
from saperly_server.core.db import Tenant, TenantTx, Tx
from saperly_server.core.ids import new_id
from saperly_server.core.pagination import Page, newest_of
from saperly_server.ledger import lock
from saperly_server.webhooks import emit

from .contracts import ConsentRecord, ConsentState, ConsentType
from .errors import RecipientOptedOut
from .models import consents, suppressions


async def state_of(tx: Tx, tenant: Tenant, number_id: str, peer: str) -> str:
    """`opted_out`, `none`, or the type of the active consent: the gate's own function."""
    state: str = await tx.call(
        "compliance_state",
        workspace_id=tenant.workspace_id,
        environment=tenant.environment,
        number_id=number_id,
        peer=peer,
    )
    return state


async def check(tx: TenantTx, number_id: str, peer: str) -> ConsentState:
    """What the gate would decide now for this number and peer, by the gate's own function."""
    state = await state_of(tx, tx.tenant, number_id, peer)
    active = state in set(ConsentType)
    return ConsentState(active, state if active else None, opted_out=state == "opted_out")


async def grant(
    tx: Tx,
    tenant: Tenant,
    number_id: str,
    peer: str,
    consent_type: ConsentType,
    source: str,
    actor: str,
    evidence: dict[str, Any] | None = None,
) -> ConsentRecord:
    """Record consent. An active record is kept, and upgraded when it was only implied; granting twice is harmless.

    RecipientOptedOut when the peer themselves opted out: a record made over the API cannot undo that. What the
    workspace revoked over the API, an explicit grant does undo.
    """
    await lock(tx, tenant)
    if consent_type is ConsentType.EXPLICIT_OUTBOUND:
        await _lift(tx, tenant, peer, "workspace", actor)
    if await _suppressed(tx, tenant, peer):
        raise RecipientOptedOut(to=peer)
    active = await _active(tx, tenant, number_id, peer)
    if active is None:
        return await _insert(tx, tenant, number_id, peer, consent_type, source, actor, evidence or {})
    if active.consent_type == consent_type or consent_type is ConsentType.IMPLIED_INBOUND:
        return _record(active)
    return await _upgrade(tx, tenant, active, source, actor)


async def imply(tx: Tx, tenant: Tenant, number_id: str, peer: str, source: str, evidence: dict[str, Any]) -> None:
    """Consent by contact: the peer wrote or called. Does nothing for a peer who opted out; only START lifts that."""
    await lock(tx, tenant)
    if await state_of(tx, tenant, number_id, peer) == "none":
        await _insert(tx, tenant, number_id, peer, ConsentType.IMPLIED_INBOUND, source, "peer", evidence)


async def revoke(tx: Tx, tenant: Tenant, number_id: str, peer: str, actor: str) -> ConsentRecord | None:
    """Revoke over the API: closes the record of this number and suppresses the peer for the whole workspace.

    Nothing is sent to the peer. Idempotent; None when there never was a record.
    """
    await lock(tx, tenant)
    await _suppress(tx, tenant, peer, "workspace", "api", {"numberId": number_id}, actor)
    await _close_record(tx, tenant, number_id, peer, "api", actor)
    latest = await tx.one(
        select(consents)
        .where(*_pair(tenant, number_id, peer))
        .order_by(consents.c.granted_at.desc(), consents.c.id.desc())
        .limit(1)
    )
    return None if latest is None else _record(latest)


async def opt_out(
    tx: Tx,
    tenant: Tenant,
    number_id: str,
    peer: str,
    via: str,
    evidence: dict[str, Any],
    said_at: datetime | None = None,
) -> bool:
    """The peer's own wish (STOP, a phrase, a key, spoken): binding for the whole workspace, from this commit on.

    True when this changed something; False when the peer had opted out before, and so gets no second confirmation.
    `said_at` is when they said so, by the network's clock; without it, now.
    """
    await lock(tx, tenant)
    fresh = await _suppress(tx, tenant, peer, "peer", via, {"numberId": number_id, **evidence}, "peer", said_at)
    if not fresh and said_at is not None:
        await _note_later_wish(tx, tenant, peer, said_at)
    await _close_record(tx, tenant, number_id, peer, via, "peer")
    return fresh


async def opt_in(
    tx: Tx,
    tenant: Tenant,
    number_id: str,
    peer: str,
    via: str,
    evidence: dict[str, Any],
    said_at: datetime | None = None,
) -> bool:
    """The peer's own START: lifts their suppression and records new consent. True when this changed something.

    One that was said before (or at the instant of) an opt-out, and only came later, changes nothing.
    """
    await lock(tx, tenant)
    if said_at is not None and await _said_no_since(tx, tenant, peer, said_at):
        return False
    lifted = await _lift(tx, tenant, peer, "peer", "peer") + await _lift(tx, tenant, peer, "workspace", "peer")
    if await _active(tx, tenant, number_id, peer) is None:
        await _insert(tx, tenant, number_id, peer, ConsentType.EXPLICIT_OUTBOUND, via, "peer", evidence)
        return True
    return lifted > 0


async def list_consents(tx: TenantTx, page: Page, numbers: frozenset[str] | None) -> list[ConsentRecord]:
    """Records of this environment, newest first; only of the numbers the caller may use."""
    query = select(consents).where(consents.c.environment == tx.tenant.environment)
    return [_record(row) for row in await tx.all(newest_of(query, consents.c.number_id, numbers, page))]


async def _active(tx: Tx, tenant: Tenant, number_id: str, peer: str) -> Row[Any] | None:
    return await tx.one(select(consents).where(*_pair(tenant, number_id, peer), consents.c.revoked_at.is_(None)))


async def _suppressed(tx: Tx, tenant: Tenant, peer: str) -> bool:
    found = select(suppressions.c.id).where(*_suppression(tenant, peer), suppressions.c.lifted_at.is_(None)).limit(1)
    return await tx.one(found) is not None


async def _said_no_since(tx: Tx, tenant: Tenant, peer: str, said_at: datetime) -> bool:
    since = suppressions.c.said_at >= said_at
    return await tx.one(select(suppressions.c.id).where(*_standing(tenant, peer, "peer"), since)) is not None


async def _note_later_wish(tx: Tx, tenant: Tenant, peer: str, said_at: datetime) -> None:
    """They said it again: a START from between the two does not count either."""
    earlier = suppressions.c.said_at < said_at
    await tx.run(update(suppressions).where(*_standing(tenant, peer, "peer"), earlier).values(said_at=said_at))


async def _insert(
    tx: Tx,
    tenant: Tenant,
    number_id: str,
    peer: str,
    consent_type: ConsentType,
    source: str,
    actor: str,
    evidence: dict[str, Any],
) -> ConsentRecord:
    row = await tx.one(
        insert(consents)
        .values(
            workspace_id=tenant.workspace_id,
            id=new_id("con"),
            environment=tenant.environment,
            number_id=number_id,
            peer_number=peer,
            consent_type=consent_type.value,
            source=source,
            recorded_by=actor,
            evidence=evidence,
            granted_at=tx.now,
        )
        .returning(consents)
    )
    assert row is not None
    data = {"numberId": number_id, "peer": peer, "type": consent_type.value, "source": source}
    await record(tx, tenant, actor, "consent.granted", "consent", row.id, data)
    return _record(row)


async def _upgrade(tx: Tx, tenant: Tenant, active: Row[Any], source: str, actor: str) -> ConsentRecord:
    """Implied consent becomes explicit; the trail keeps what it was before."""
    row = await tx.one(
        update(consents)
        .where(consents.c.workspace_id == tenant.workspace_id, consents.c.id == active.id)
        .values(consent_type=ConsentType.EXPLICIT_OUTBOUND.value, source=source, recorded_by=actor)
        .returning(consents)
    )
    assert row is not None
    data = {"from": active.consent_type, "source": source, "previousSource": active.source}
    await record(tx, tenant, actor, "consent.upgraded", "consent", row.id, data)
    return _record(row)


async def _suppress(
    tx: Tx,
    tenant: Tenant,
    peer: str,
    origin: str,
    source: str,
    evidence: dict[str, Any],
    actor: str,
    said_at: datetime | None = None,
) -> bool:
    suppression_id = new_id("sup")
    added = await tx.run(
        upsert(suppressions)
        .values(
            workspace_id=tenant.workspace_id,
            id=suppression_id,
            environment=tenant.environment,
            peer_number=peer,
            origin=origin,
            source=source,
            evidence=evidence,
            said_at=said_at or tx.now,
            created_at=tx.now,
        )
        .on_conflict_do_nothing()
    )
    if added:
        data = {"peer": peer, "origin": origin, "source": source}
        await record(tx, tenant, actor, "suppression.added", "suppression", suppression_id, data)
    return added == 1


async def _lift(tx: Tx, tenant: Tenant, peer: str, origin: str, actor: str) -> int:
    lifted = await tx.all(
        update(suppressions)
        .where(*_standing(tenant, peer, origin))
        .values(lifted_at=tx.now, lifted_by=actor)
        .returning(suppressions.c.id)
    )
    for row in lifted:
        await record(tx, tenant, actor, "suppression.lifted", "suppression", row.id, {"peer": peer})
    return len(lifted)


async def _close_record(tx: Tx, tenant: Tenant, number_id: str, peer: str, via: str, actor: str) -> None:
    closed = await tx.one(
        update(consents)
        .where(*_pair(tenant, number_id, peer), consents.c.revoked_at.is_(None))
        .values(revoked_at=tx.now, revoked_via=via)
        .returning(consents.c.id)
    )
    if closed is not None:
        data = {"numberId": number_id, "peer": peer, "via": via}
        await record(tx, tenant, actor, "consent.revoked", "consent", closed.id, data)
        await emit(tx, tenant, "consent.revoked", number_id, {"peerNumber": peer})


def _pair(tenant: Tenant, number_id: str, peer: str) -> tuple[Any, ...]:
    return (
        consents.c.workspace_id == tenant.workspace_id,
        consents.c.number_id == number_id,
        consents.c.peer_number == peer,
    )


def _suppression(tenant: Tenant, peer: str) -> tuple[Any, ...]:
    return (
        suppressions.c.workspace_id == tenant.workspace_id,
        suppressions.c.environment == tenant.environment,
        suppressions.c.peer_number == peer,
    )


def _standing(tenant: Tenant, peer: str, origin: str) -> tuple[Any, ...]:
    """The suppression of this origin that nobody has lifted."""
    return (*_suppression(tenant, peer), suppressions.c.origin == origin, suppressions.c.lifted_at.is_(None))


def _record(row: Row[Any]) -> ConsentRecord:
    return ConsentRecord(
        row.id, row.number_id, row.peer_number, row.consent_type, row.source, row.granted_at, row.revoked_at
    )
