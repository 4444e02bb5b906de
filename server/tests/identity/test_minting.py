"""Minting: what a child may get, what of it is kept, and who is let in with it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import timedelta
from hashlib import sha256
from typing import Any

import pytest
from saperly_server import identity
from saperly_server.core.db import Tenant
from saperly_server.identity import ALL, AuthorizationDenied, Caller, Grant, KeyRing, Scope, SpendLimit, Unauthorized

from ..customers import START
from ..ledger.bank import Bank, run_as_owner

SOME = frozenset({Scope.READ, Scope.CALLS_CREATE, Scope.KEYS_ADMIN})
SOON = START + timedelta(days=1)


async def _minted(bank: Bank, parent: Caller, grant: Grant) -> identity.MintedKey:
    async with bank.db.tenant(parent.tenant) as tx:
        return await identity.mint_child(tx, parent, "child", grant)


async def _below(bank: Bank, parent: Caller, grant: Grant) -> Caller:
    """A child key, found by its secret as a request would."""
    return await KeyRing(bank.db).authenticate((await _minted(bank, parent, grant)).plaintext)


@pytest.mark.parametrize(
    "excess",
    [
        {"scopes": SOME | {Scope.MESSAGES_CREATE}},
        {"scopes": ALL},
        {"numbers": None},
        {"numbers": frozenset({"num_1", "num_3"})},
        {"limit": None},
        {"limit": SpendLimit(101, "monthly")},
        {"limit": SpendLimit(101)},
        {"expires_at": None},
        {"expires_at": SOON + timedelta(seconds=1)},
    ],
    ids=["scope", "every scope", "all numbers", "a number", "no cap", "cap", "lifetime cap", "no end", "later end"],
)
async def test_a_child_asks_for_too_much_in_any_one_way_and_is_refused(bank: Bank, excess: dict[str, Any]) -> None:
    customer = await bank.customer()
    bounds: dict[str, Any] = {
        "numbers": frozenset({"num_1", "num_2"}),
        "limit": SpendLimit(100, "monthly"),
        "expires_at": SOON,
    }
    parent = await _below(bank, customer.caller, Grant(SOME, **bounds))
    equal = await _below(bank, parent, Grant(SOME, **bounds))
    assert equal.grant == parent.grant
    with pytest.raises(AuthorizationDenied):
        await _minted(bank, parent, Grant(**{"scopes": SOME, **bounds, **excess}))


async def test_a_monthly_cap_may_hold_either_kind_below_it_and_a_lifetime_cap_only_its_own(bank: Bank) -> None:
    customer = await bank.customer()
    monthly = await _below(bank, customer.caller, Grant(ALL, limit=SpendLimit(100, "monthly")))
    for below in (SpendLimit(100, "monthly"), SpendLimit(100)):
        await _minted(bank, monthly, Grant(SOME, limit=below))
    lifetime = await _below(bank, customer.caller, Grant(ALL, limit=SpendLimit(100)))
    await _minted(bank, lifetime, Grant(SOME, limit=SpendLimit(100)))
    with pytest.raises(AuthorizationDenied):
        await _minted(bank, lifetime, Grant(SOME, limit=SpendLimit(1, "monthly")))


async def test_narrowing_a_key_narrows_at_once_what_keys_far_below_it_may_do_and_mint(bank: Bank) -> None:
    customer = await bank.customer()
    middle = await _below(bank, customer.caller, Grant(ALL))
    leaf = await _minted(bank, middle, Grant(ALL))
    bounds = "numbers = '{num_1}', limit_cents = 50, scopes = '{read,keys:admin}'"
    await run_as_owner(bank.dsn, f"update api_keys set {bounds} where id = '{middle.key_id}'")
    narrowed = await KeyRing(bank.db).authenticate(leaf.plaintext)
    assert narrowed.grant.scopes == {Scope.READ, Scope.KEYS_ADMIN}
    assert narrowed.grant.numbers == frozenset({"num_1"})
    reading, cap, only = frozenset({Scope.READ}), SpendLimit(50), frozenset({"num_1"})
    await _minted(bank, narrowed, Grant(reading, only, cap))
    for grant in (Grant(reading, None, cap), Grant(reading, only), Grant(reading, only, SpendLimit(51)), Grant(ALL)):
        with pytest.raises(AuthorizationDenied):
            await _minted(bank, narrowed, grant)


async def test_a_child_stays_in_the_workspace_and_environment_of_its_parent(bank: Bank) -> None:
    customer = await bank.customer(environment="test")
    child = await _minted(bank, customer.caller, Grant(ALL))
    assert child.plaintext.startswith("sk_test_")
    caller = await KeyRing(bank.db).authenticate(child.plaintext)
    assert caller.tenant == Tenant(customer.tenant.workspace_id, "test")
    assert caller.path == (customer.caller.key_id, child.key.id)


async def test_a_key_leaves_nothing_in_the_database_that_could_be_used_as_one(bank: Bank) -> None:
    customer = await bank.customer()
    minted = await _minted(bank, customer.caller, Grant(ALL))
    await KeyRing(bank.db).authenticate(minted.plaintext)
    for table in ("api_keys", "audit_events", "events", "idempotency_records"):
        for secret in (minted.plaintext, customer.secret):
            rest = secret.removeprefix(identity.keys.display_prefix(secret))
            assert len(rest) > 30
            query = f"select count(*) from {table} as t where t::text like '%' || :rest || '%'"
            assert (await bank.rows(query, rest=rest))[0][0] == 0, table
    stored = await bank.rows("select hash, prefix from api_keys where id = :id", id=minted.key.id)
    assert stored == [(sha256(minted.plaintext.encode()).digest(), minted.plaintext[:12])]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda key: "",
        lambda key: "sap_",
        lambda key: f"sap_sap_{key}",
        lambda key: key[:-1],
        lambda key: f"{key}A",
        lambda key: key[:-1] + ("A" if key[-1] != "A" else "B"),
        lambda key: key.swapcase(),
        lambda key: f"{key} ",
        lambda key: f"{key}\n",
        lambda key: key.replace("sk_live_", "sk_test_"),
        lambda key: key.replace("sk_live_", "sk_prod_"),
        lambda key: key.removeprefix("sk_live_"),
        lambda key: f"sk_live_{'é' * 38}",
        lambda key: f"sk_live_{'A' * 5_000}",
        lambda key: f"sk_live_{'A' * 38}",
        lambda key: f"{key}' or true --",
    ],
)
async def test_what_is_not_exactly_a_key_lets_nobody_in(bank: Bank, spoil: Callable[[str], str]) -> None:
    customer = await bank.customer()
    ring = KeyRing(bank.db)
    assert (await ring.authenticate(customer.secret)).path == customer.caller.path
    with pytest.raises(Unauthorized):
        await ring.authenticate(spoil(customer.secret))


async def test_a_wrong_key_asked_for_together_with_right_ones_spoils_nothing(bank: Bank) -> None:
    people = [await bank.customer() for _ in range(3)]
    ring = KeyRing(bank.db)
    secrets = [people[0].secret, f"sk_live_{'A' * 38}", people[1].secret, people[2].secret, people[0].secret]
    found = await asyncio.gather(*(ring.authenticate(secret) for secret in secrets), return_exceptions=True)
    assert isinstance(found.pop(1), Unauthorized)
    callers = [caller.key_id for caller in found if isinstance(caller, Caller)]
    assert callers == [people[who].caller.key_id for who in (0, 1, 2, 0)]


async def test_the_last_use_is_noted_at_most_once_a_minute(bank: Bank) -> None:
    customer = await bank.customer()
    ring, noted = KeyRing(bank.db), []
    for second in (0, 1, 59, 60, 61, 62, 121, 122):
        bank.watch.at = START + timedelta(seconds=second)
        await asyncio.gather(*(ring.authenticate(customer.secret) for _ in range(3)))
        row = await bank.rows("select last_used_at from api_keys where id = :id", id=customer.caller.key_id)
        noted.append((row[0][0] - START).total_seconds())
    assert noted == [0, 0, 0, 0, 61, 61, 61, 122]
