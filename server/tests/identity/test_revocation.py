"""Revocation: the key and everything below it is dead from the commit on, whatever happens at the same time."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from saperly_server import identity
from saperly_server.core.db import Database
from saperly_server.gate import Admitted
from saperly_server.identity import ALL, AuthorizationDenied, Caller, Grant, KeyRing, MintedKey, Unauthorized

from ..ledger.bank import Bank

PEER = "+14155557001"
ROUNDS = 24


async def _mint(db: Database, parent: Caller, **bounds: object) -> MintedKey:
    async with db.tenant(parent.tenant) as tx:
        return await identity.mint_child(tx, parent, "child", Grant(ALL, **bounds))  # type: ignore[arg-type]


def _as_caller(parent: Caller, minted: MintedKey) -> Caller:
    return Caller(parent.tenant, minted.key.id, (*parent.path, minted.key.id), minted.key.grant)


async def _revoke(db: Database, caller: Caller, key_id: str) -> None:
    async with db.tenant(caller.tenant) as tx:
        await identity.revoke(tx, caller, key_id)


async def test_revoking_a_key_kills_its_whole_branch_at_the_next_request_and_at_the_gate(bank: Bank) -> None:
    customer = await bank.customer()
    number = await bank.number(customer)
    await bank.consent(customer, number, PEER)
    ring, branch, secrets = KeyRing(bank.db), [customer.caller], [customer.secret]
    for _ in range(4):
        minted = await _mint(bank.db, branch[-1])
        branch.append(_as_caller(branch[-1], minted))
        secrets.append(minted.plaintext)
    sibling = await _mint(bank.db, branch[1])
    for caller in branch:
        assert isinstance(await bank.gate.admit(bank.text(caller, number, PEER)), Admitted)
    await _revoke(bank.db, customer.caller, branch[2].key_id)
    for place, (caller, secret) in enumerate(zip(branch, secrets, strict=True)):
        if place < 2:
            await ring.authenticate(secret)
            assert isinstance(await bank.gate.admit(bank.text(caller, number, PEER)), Admitted)
            continue
        with pytest.raises(Unauthorized):
            await ring.authenticate(secret)
        with pytest.raises(Unauthorized):
            await bank.gate.admit(bank.text(caller, number, PEER))
        with pytest.raises(Unauthorized):
            await _mint(bank.db, caller)
    await ring.authenticate(sibling.plaintext)


async def test_each_key_of_a_branch_is_revoked_once_and_the_trail_names_the_cause(bank: Bank) -> None:
    customer = await bank.customer()
    parent = _as_caller(customer.caller, await _mint(bank.db, customer.caller))
    below = await _mint(bank.db, parent)
    await _revoke(bank.db, customer.caller, below.key.id)
    first = await bank.rows("select revoked_at from api_keys where id = :id", id=below.key.id)
    bank.watch.pass_by(minutes=5)
    await _revoke(bank.db, customer.caller, parent.key_id)
    await _revoke(bank.db, customer.caller, parent.key_id)
    assert await bank.rows("select revoked_at from api_keys where id = :id", id=below.key.id) == first
    trail = await bank.rows(
        "select target_id, data->>'because' from audit_events where workspace_id = :w and event_type = 'key.revoked'"
        " order by seq",
        w=customer.tenant.workspace_id,
    )
    assert trail == [(below.key.id, below.key.id), (parent.key_id, parent.key_id)]


async def test_only_a_key_of_ones_own_branch_and_environment_can_be_revoked(bank: Bank) -> None:
    customer, stranger = await bank.customer(), await bank.customer()
    one = _as_caller(customer.caller, await _mint(bank.db, customer.caller))
    other = _as_caller(customer.caller, await _mint(bank.db, customer.caller))
    for key_id in (other.key_id, customer.caller.key_id, stranger.caller.key_id, "key_none"):
        with pytest.raises(AuthorizationDenied):
            await _revoke(bank.db, one, key_id)
    await _revoke(bank.db, one, one.key_id)


async def test_a_key_ends_with_the_first_of_its_ancestors_to_expire(bank: Bank) -> None:
    customer = await bank.customer()
    number = await bank.number(customer)
    await bank.consent(customer, number, PEER)
    ends = bank.watch.now() + timedelta(minutes=1)
    parent = _as_caller(customer.caller, await _mint(bank.db, customer.caller, expires_at=ends))
    child = await _mint(bank.db, parent, expires_at=ends)
    caller = await KeyRing(bank.db).authenticate(child.plaintext)
    bank.watch.at = ends - timedelta(microseconds=1)
    await bank.gate.admit(bank.text(caller, number, PEER))
    bank.watch.at = ends
    with pytest.raises(Unauthorized):
        await KeyRing(bank.db).authenticate(child.plaintext)
    with pytest.raises(Unauthorized):
        await bank.gate.admit(bank.text(caller, number, PEER))
    with pytest.raises(Unauthorized):
        await _mint(bank.db, caller)


async def test_no_key_lives_below_a_parent_that_was_revoked_while_it_was_minted(bank: Bank) -> None:
    customer = await bank.customer()
    servers = [Database(bank.dsn, bank.watch, pool_size=2) for _ in range(3)]
    minted, refused = 0, 0
    for turn in range(ROUNDS):
        parent = _as_caller(customer.caller, await _mint(bank.db, customer.caller))
        middle = _as_caller(parent, await _mint(bank.db, parent))
        races = [_mint(db, caller) for db in servers for caller in (parent, middle)]
        end = _revoke(bank.db, customer.caller, parent.key_id)
        work = [*races[: turn % 7], end, *races[turn % 7 :]]
        results = await asyncio.gather(*work, return_exceptions=True)
        assert all(isinstance(result, MintedKey | Unauthorized | None) for result in results), results
        minted += sum(isinstance(result, MintedKey) for result in results)
        refused += sum(isinstance(result, Unauthorized) for result in results)
        alive = "select id from api_keys where :parent = any(path) and revoked_at is null"
        assert await bank.rows(alive, parent=parent.key_id) == []
    for db in servers:
        await db.close()
    assert minted and refused, "nothing was raced"


async def test_nothing_is_admitted_after_the_revocation_it_races_with(bank: Bank) -> None:
    customer = await bank.customer()
    number = await bank.number(customer)
    await bank.consent(customer, number, PEER)
    async with bank.gates(3) as gates:
        for turn in range(8):
            child = _as_caller(customer.caller, await _mint(bank.db, customer.caller))
            races = [gate.admit(bank.text(child, number, PEER, cents=1)) for gate in gates for _ in range(3)]
            end = _revoke(bank.db, customer.caller, child.key_id)
            results = await asyncio.gather(*races[:turn], end, *races[turn:], return_exceptions=True)
            assert all(isinstance(result, Admitted | Unauthorized | None) for result in results), results
            late = await bank.rows(_LATE, key=child.key_id, actor=child.actor)
            assert late == []


_LATE = """
    select a.seq from audit_events a
    join audit_events r on r.workspace_id = a.workspace_id and r.event_type = 'key.revoked' and r.target_id = :key
    where a.actor = :actor and a.event_type = 'message.accepted' and a.seq > r.seq
"""
