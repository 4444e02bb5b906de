"""Admissions of several processes at once: never more than there is, never one too few, and none after an opt-out."""

from __future__ import annotations

import asyncio
from typing import Any

from saperly_server import compliance, identity
from saperly_server.compliance import RecipientOptedOut
from saperly_server.core.db import Tx
from saperly_server.core.errors import SaperlyError
from saperly_server.doctor import Finding, examine
from saperly_server.gate import Admitted, Gate, Intent, NumberTaken, Repeated
from saperly_server.idempotency import scope_of
from saperly_server.identity import Unauthorized

from ..customers import Customer
from ..ledger.bank import MONEY, Bank, balance

PEER = "+14155550199"


async def _ready(bank: Bank, **wish: Any) -> tuple[Customer, str]:
    customer = await bank.customer(**wish)
    number_id = await bank.number(customer)
    await bank.consent(customer, number_id, PEER)
    return customer, number_id


async def _all(gates: list[Gate], intents: list[Intent]) -> list[Any]:
    """Every intent at once, dealt out to the gates; refusals are returned."""
    dealt = [gates[place % len(gates)].admit(intent) for place, intent in enumerate(intents)]
    return await asyncio.gather(*dealt, return_exceptions=True)


def _admitted(answers: list[Any]) -> list[Admitted]:
    strange = [answer for answer in answers if not isinstance(answer, Admitted | Repeated | SaperlyError | NumberTaken)]
    assert strange == []
    return [answer for answer in answers if isinstance(answer, Admitted)]


async def test_a_balance_is_spent_to_the_last_cent_and_no_further(bank: Bank) -> None:
    customer, number_id = await _ready(bank, cents=200)
    async with bank.gates(4) as gates:
        answers = await _all(gates, [bank.text(customer.caller, number_id, PEER, 3) for _ in range(120)])
    assert len(_admitted(answers)) == 66
    assert await balance(bank, customer.tenant) == (2, 198)
    assert await bank.examine(customer.tenant, (*MONEY, "L-10", "C-3", "M-2")) == []


async def test_three_levels_of_caps_are_kept_by_all_processes_together(bank: Bank) -> None:
    customer, number_id = await _ready(bank, cents=10_000)
    top = await bank.key(customer.caller, 300)
    middle = [await bank.key(top, 180), await bank.key(top, 180)]
    leaves = [await bank.key(parent, cap) for parent in middle for cap in (100, 170)]
    async with bank.gates(4) as gates:
        intents = [bank.text(leaves[n % 4], number_id, PEER, 7) for n in range(160)]
        made = _admitted(await _all(gates, intents))
    assert len(made) * 7 == 294, "the top key's cap of 300, to within one message"
    assert await bank.examine(customer.tenant) == []


async def test_no_admission_follows_an_opt_out(bank: Bank) -> None:
    """Whatever is admitted while STOP arrives was admitted before it, by the order of the audit trail."""
    for _ in range(4):
        customer, number_id = await _ready(bank, cents=1_000)

        async def stop(who: Customer = customer, number: str = number_id) -> bool:
            return await _opt_out(bank, who, number)

        async with bank.gates(3) as gates:
            intents = [bank.text(customer.caller, number_id, PEER) for _ in range(45)]
            first = asyncio.gather(*(_paced(gates, place, intent) for place, intent in enumerate(intents)))
            await stop()
            answers = await first
        assert all(isinstance(answer, Admitted | RecipientOptedOut) for answer in answers)
        assert await bank.examine(customer.tenant, (*MONEY, "S-1", "S-3")) == []


async def _paced(gates: list[Gate], place: int, intent: Intent) -> Any:
    """A little later each, so that the opt-out falls among them."""
    for _ in range(place):
        await asyncio.sleep(0)
    try:
        return await gates[place % len(gates)].admit(intent)
    except RecipientOptedOut as refused:
        return refused


async def _opt_out(bank: Bank, customer: Customer, number_id: str) -> bool:
    async def work(tx: Tx) -> bool:
        return await compliance.opt_out(tx, customer.tenant, number_id, PEER, "sms_keyword", {})

    done: bool = await bank.in_system(work)
    return done


async def test_no_admission_follows_the_revocation_of_its_key(bank: Bank) -> None:
    for _ in range(4):
        customer, number_id = await _ready(bank, cents=1_000)
        parent = await bank.key(customer.caller)
        child = await bank.key(parent)

        async def revoke(who: Customer = customer, key_id: str = parent.key_id) -> None:
            async with bank.db.tenant(who.tenant) as tx:
                await identity.revoke(tx, who.caller, key_id)

        async with bank.gates(3) as gates:
            sent = asyncio.gather(*_all_of(bank, gates, child, number_id), return_exceptions=True)
            await revoke()
            answers = await sent
        assert all(isinstance(answer, Admitted | Unauthorized) for answer in answers)
        assert await bank.examine(customer.tenant, (*MONEY, "K-1", "K-2")) == []


def _all_of(bank: Bank, gates: list[Gate], key: Any, number_id: str) -> list[Any]:
    return [gates[n % len(gates)].admit(bank.text(key, number_id, PEER)) for n in range(45)]


async def test_twenty_identical_requests_make_one_message(bank: Bank) -> None:
    customer, number_id = await _ready(bank)
    scope = scope_of(customer.tenant.workspace_id, customer.caller.key_id, "POST /messages", "one", {"body": 1})
    async with bank.gates(4) as gates:
        answers = await _all(gates, [bank.text(customer.caller, number_id, PEER, 2, scope) for _ in range(20)])
    [first] = _admitted(answers)
    assert answers.count(Repeated(first.intent.id)) == 19
    assert await balance(bank, customer.tenant) == (498, 2)


async def test_one_of_four_servers_that_order_a_number_at_the_same_instant_gets_it(bank: Bank) -> None:
    people = [await bank.customer(cents=2_000) for _ in range(4)]
    async with bank.gates(4) as gates:
        for _ in range(8):
            e164 = bank.order(people[0]).to
            answers = await _all(gates, [bank.order(who, e164) for who in people])
            assert len(_admitted(answers)) == 1


async def test_one_of_many_workspaces_that_order_a_number_gets_it(bank: Bank) -> None:
    """And the others are told so: nobody sees an error of the database, nobody waits in a circle for two numbers."""
    people = [await bank.customer(cents=2_000) for _ in range(8)]
    wanted = [bank.order(people[0]).to for _ in range(3)]
    intents = [bank.order(who, e164) for n, who in enumerate(people) for e164 in (wanted if n % 2 else wanted[::-1])]
    async with bank.gates(4) as gates:
        answers = await _all(gates, intents)
    assert sorted(made.intent.to or "" for made in _admitted(answers)) == sorted(str(e164) for e164 in wanted)
    async with bank.db.system() as tx:
        assert await _examine(tx) == []


async def _examine(tx: Tx) -> list[Finding]:
    return await examine(tx, ("N-1", "N-6", "L-4"))


async def test_a_quota_is_never_passed(bank: Bank) -> None:
    customer = await bank.customer(cents=5_000, quota=3)
    async with bank.gates(4) as gates:
        answers = await _all(gates, [bank.order(customer) for _ in range(12)])
    assert len(_admitted(answers)) == 3


async def test_an_intent_that_cannot_be_stored_fails_alone(bank: Bank) -> None:
    customer, number_id = await _ready(bank)
    broken = bank.text(customer.caller, number_id, PEER)
    broken.row["segments"] = "many"
    sound = [bank.text(customer.caller, number_id, PEER) for _ in range(5)]
    answers = await _all([bank.gate], [*sound[:2], broken, *sound[2:]])
    assert [isinstance(answer, Admitted) for answer in answers] == [True, True, False, True, True, True]
    assert await bank.examine(customer.tenant, (*MONEY, "L-10")) == []
