"""How far an opt-out reaches, who can undo it, and that nothing gets past it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from saperly_server import compliance
from saperly_server.compliance import ConsentRequired, ConsentType, RecipientOptedOut
from saperly_server.core.db import Tenant
from saperly_server.gate import Admitted

from ..customers import Customer
from ..ledger.bank import Bank

PEER = "+14155557001"
EXPLICIT, IMPLIED = ConsentType.EXPLICIT_OUTBOUND, ConsentType.IMPLIED_INBOUND


async def _grant(bank: Bank, tenant: Tenant, number: str, kind: ConsentType = EXPLICIT) -> None:
    async with bank.db.tenant(tenant) as tx:
        await compliance.grant(tx, tenant, number, PEER, kind, "form", "key:1")


async def _stop(bank: Bank, tenant: Tenant, number: str) -> bool:
    async with bank.db.system() as tx:
        return await compliance.opt_out(tx, tenant, number, PEER, "sms_keyword", {})


async def _start(bank: Bank, tenant: Tenant, number: str) -> bool:
    async with bank.db.system() as tx:
        return await compliance.opt_in(tx, tenant, number, PEER, "sms_keyword", {})


async def _revoke(bank: Bank, tenant: Tenant, number: str) -> None:
    async with bank.db.tenant(tenant) as tx:
        await compliance.revoke(tx, tenant, number, PEER, "key:1")


async def _state(bank: Bank, tenant: Tenant, number: str) -> str:
    async with bank.db.system() as tx:
        return await compliance.state_of(tx, tenant, number, PEER)


async def test_a_grant_over_the_api_never_undoes_what_the_peer_asked_for(bank: Bank) -> None:
    tenant = (await bank.customer()).tenant
    await _grant(bank, tenant, "num_1")
    await _stop(bank, tenant, "num_1")
    await _revoke(bank, tenant, "num_1")
    for number in ("num_1", "num_2"):
        for kind in ConsentType:
            with pytest.raises(RecipientOptedOut):
                await _grant(bank, tenant, number, kind)
    origins = await bank.rows(
        "select origin from suppressions where workspace_id = :w and lifted_at is null", w=tenant.workspace_id
    )
    assert sorted(row[0] for row in origins) == ["peer", "workspace"], "a refused grant lifts nothing"
    assert await _start(bank, tenant, "num_1")
    assert await _state(bank, tenant, "num_1") == EXPLICIT


async def test_what_the_workspace_revoked_an_explicit_grant_restores_and_an_implied_one_does_not(bank: Bank) -> None:
    tenant = (await bank.customer()).tenant
    await _grant(bank, tenant, "num_1")
    await _revoke(bank, tenant, "num_1")
    with pytest.raises(RecipientOptedOut):
        await _grant(bank, tenant, "num_1", IMPLIED)
    assert await _state(bank, tenant, "num_1") == "opted_out"
    await _grant(bank, tenant, "num_1")
    assert await _state(bank, tenant, "num_1") == EXPLICIT


@pytest.mark.parametrize("shut_off", [_stop, _revoke])
async def test_a_suppression_holds_for_every_number_of_one_workspace_and_environment(bank: Bank, shut_off: Any) -> None:
    tenant, other = (await bank.customer()).tenant, (await bank.customer()).tenant
    test = Tenant(tenant.workspace_id, "test")
    for where, number in ((tenant, "num_1"), (tenant, "num_2"), (test, "num_t"), (other, "num_1")):
        await _grant(bank, where, number)
    await shut_off(bank, tenant, "num_1")
    assert [await _state(bank, tenant, number) for number in ("num_1", "num_2", "num_9")] == ["opted_out"] * 3
    assert await _state(bank, test, "num_t") == await _state(bank, other, "num_1") == EXPLICIT
    await shut_off(bank, test, "num_t")
    await _start(bank, tenant, "num_2")
    assert await _state(bank, tenant, "num_2") == EXPLICIT
    assert await _state(bank, tenant, "num_1") == "opted_out", "consent ended there; START came to the other number"
    assert await _state(bank, test, "num_t") == "opted_out"


async def test_a_second_stop_and_a_second_start_change_nothing(bank: Bank) -> None:
    tenant = (await bank.customer()).tenant
    assert [await _stop(bank, tenant, number) for number in ("num_1", "num_1", "num_2")] == [True, False, False]
    assert [await _start(bank, tenant, "num_1") for _ in range(2)] == [True, False]
    assert await _stop(bank, tenant, "num_1")
    kept = await bank.rows(
        "select lifted_at is null from suppressions where workspace_id = :w order by id", w=tenant.workspace_id
    )
    assert [row[0] for row in kept] == [False, True]


SAID = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.mark.parametrize(("after_sec", "opted_out"), [(-1, True), (0, True), (1, False)])
async def test_a_start_that_was_said_before_the_stop_and_came_after_it_changes_nothing(
    bank: Bank, after_sec: int, opted_out: bool
) -> None:
    tenant = (await bank.customer()).tenant
    async with bank.db.system() as tx:
        await compliance.opt_out(tx, tenant, "num_1", PEER, "sms_keyword", {}, SAID)
    async with bank.db.system() as tx:
        said_at = SAID + timedelta(seconds=after_sec)
        changed = await compliance.opt_in(tx, tenant, "num_1", PEER, "sms_keyword", {}, said_at)
    assert changed is not opted_out
    assert await _state(bank, tenant, "num_1") == ("opted_out" if opted_out else EXPLICIT)


async def test_a_stop_that_is_repeated_outranks_every_start_before_it(bank: Bank) -> None:
    tenant = (await bank.customer()).tenant
    for minutes in (0, 2):
        async with bank.db.system() as tx:
            at = SAID + timedelta(minutes=minutes)
            await compliance.opt_out(tx, tenant, "num_1", PEER, "sms_keyword", {}, at)
    async with bank.db.system() as tx:
        at = SAID + timedelta(minutes=1)
        assert not await compliance.opt_in(tx, tenant, "num_1", PEER, "sms_keyword", {}, at)
    assert await _state(bank, tenant, "num_1") == "opted_out"


async def test_twelve_stops_at_once_are_one_opt_out(bank: Bank) -> None:
    tenant = (await bank.customer()).tenant
    await _grant(bank, tenant, "num_1")
    assert (await asyncio.gather(*(_stop(bank, tenant, "num_1") for _ in range(12)))).count(True) == 1


async def _number(bank: Bank) -> tuple[Customer, str]:
    customer = await bank.customer()
    number = await bank.number(customer)
    await bank.consent(customer, number, PEER)
    return customer, number


@pytest.mark.parametrize("shut_off", [_stop, _revoke])
async def test_no_admission_gets_past_an_opt_out_that_was_committed_before_it(bank: Bank, shut_off: Any) -> None:
    admitted, refused = 0, 0
    async with bank.gates(4) as gates:
        for turn in range(8):
            customer, number = await _number(bank)
            races = [gates[n % 4].admit(bank.text(customer.caller, number, PEER)) for n in range(20)]
            place = turn * 2
            work = [*races[:place], shut_off(bank, customer.tenant, number), *races[place:]]
            results = await asyncio.gather(*work, return_exceptions=True)
            results.pop(place)
            assert all(isinstance(result, Admitted | RecipientOptedOut) for result in results), results
            admitted += sum(isinstance(result, Admitted) for result in results)
            refused += sum(isinstance(result, RecipientOptedOut) for result in results)
            assert await bank.rows(_LATE, w=customer.tenant.workspace_id) == []
    assert admitted and refused, "nothing was raced"


_LATE = """
    select a.seq from audit_events a
    join audit_events s on s.workspace_id = a.workspace_id and s.event_type = 'suppression.added'
    where a.workspace_id = :w and a.event_type = 'message.accepted' and a.seq > s.seq
"""


async def test_the_check_says_what_the_gate_does(bank: Bank) -> None:
    customer, number = await _number(bank)
    caller, tenant = customer.caller, customer.tenant
    with pytest.raises(ConsentRequired):
        await bank.gate.admit(bank.text(caller, number, "+14155557009"))
    for change, allowed in ((_stop, False), (_start, True), (_revoke, False), (_grant, True)):
        await change(bank, tenant, number)
        async with bank.db.tenant(tenant) as tx:
            assert (await compliance.check(tx, number, PEER)).has_consent is allowed
        try:
            assert isinstance(await bank.gate.admit(bank.text(caller, number, PEER)), Admitted) is allowed
        except RecipientOptedOut:
            assert not allowed
