"""One admission: everything it makes is there, or nothing but a line in the audit trail."""

from __future__ import annotations

from typing import Any

import pytest
from saperly_server import compliance, identity, numbers
from saperly_server.compliance import ConsentRequired, DestinationNotSupported, RecipientOptedOut
from saperly_server.gate import Admitted, NumberNotFound, NumberQuotaExceeded, NumberTaken, PriceChanged, Repeated
from saperly_server.idempotency import IdempotencyKeyMismatch, Scope, scope_of
from saperly_server.identity import Unauthorized
from saperly_server.ledger import InsufficientFunds, SpendLimitExceeded

from ..customers import Customer
from ..ledger.bank import Bank, balance

PEER = "+14155550199"
TABLES = (
    "messages",
    "calls",
    "numbers",
    "holds",
    "ledger_entries",
    "carrier_operations",
    "events",
    "idempotency_records",
)


@pytest.fixture
async def customer(bank: Bank) -> Customer:
    return await bank.customer(cents=500)


@pytest.fixture
async def number_id(bank: Bank, customer: Customer) -> str:
    number_id = await bank.number(customer)
    await bank.consent(customer, number_id, PEER)
    return number_id


async def _everything(bank: Bank, customer: Customer) -> Any:
    counts = ", ".join(f"(select count(*) from {table} where workspace_id = :ws)" for table in TABLES)
    return tuple((await bank.rows(f"select {counts}", ws=customer.tenant.workspace_id))[0])


async def _trail(bank: Bank, customer: Customer) -> list[tuple[str, str]]:
    """The refusals, oldest first: (kind, tag)."""
    rows = await bank.rows(
        "select target_type, data from audit_events where workspace_id = :ws and event_type = 'gate.refused' order by seq",
        ws=customer.tenant.workspace_id,
    )
    return [(row.target_type, row.data["tag"]) for row in rows]


def _scope(customer: Customer, key: str, body: str) -> Scope:
    return scope_of(customer.tenant.workspace_id, customer.caller.key_id, "POST /messages", key, {"body": body})


async def test_an_admission_makes_its_row_hold_entry_operation_record_and_audit_lines(
    bank: Bank, customer: Customer, number_id: str
) -> None:
    before = dict(zip(TABLES, await _everything(bank, customer), strict=True))
    intent = bank.text(customer.caller, number_id, PEER, 2, _scope(customer, "one", "a"))
    admitted = await bank.gate.admit(intent)
    assert isinstance(admitted, Admitted)
    after = dict(zip(TABLES, await _everything(bank, customer), strict=True))
    made = {table: after[table] - before[table] for table in TABLES if after[table] != before[table]}
    assert made == dict.fromkeys(
        ("messages", "holds", "ledger_entries", "carrier_operations", "idempotency_records"), 1
    )
    lines = await bank.rows("select event_type from audit_events where workspace_id = :ws order by seq desc limit 2",
                            ws=customer.tenant.workspace_id)  # fmt: skip
    assert [line.event_type for line in lines] == ["message.accepted", "ledger.reserve"]


async def _refused(bank: Bank, customer: Customer, intent: Any, error: type[Exception]) -> None:
    before = await _everything(bank, customer), await balance(bank, customer.tenant)
    with pytest.raises(error):
        await bank.gate.admit(intent)
    assert (await _everything(bank, customer), await balance(bank, customer.tenant)) == before


async def test_each_refusal_leaves_only_its_line_in_the_trail(bank: Bank, customer: Customer, number_id: str) -> None:
    capped, other = await bank.key(customer.caller, 10), "+14155550188"
    emergency = bank.text(customer.caller, number_id, "911", 2)
    await _refused(bank, customer, bank.text(customer.caller, number_id, other), ConsentRequired)
    await _refused(bank, customer, _changed(emergency, refused="emergency"), DestinationNotSupported)
    await _refused(bank, customer, _changed(emergency, country="FR"), DestinationNotSupported)
    await _refused(bank, customer, bank.text(capped, number_id, PEER, 11), SpendLimitExceeded)
    await _refused(bank, customer, bank.text(customer.caller, number_id, PEER, 501), InsufficientFunds)
    await bank.in_system(lambda tx: compliance.opt_out(tx, customer.tenant, number_id, PEER, "sms_keyword", {}))
    await _refused(bank, customer, bank.text(customer.caller, number_id, PEER), RecipientOptedOut)
    assert await _trail(bank, customer) == [
        ("message", "ConsentRequired"),
        ("message", "DestinationNotSupported"),
        ("message", "DestinationNotSupported"),
        ("message", "SpendLimitExceeded"),
        ("message", "InsufficientFunds"),
        ("message", "RecipientOptedOut"),
    ]


def _changed(intent: Any, **values: Any) -> Any:
    for name, value in values.items():
        object.__setattr__(intent, name, value)
    return intent


async def test_the_destination_is_judged_before_the_peer_and_the_peer_before_the_money(
    bank: Bank, customer: Customer, number_id: str
) -> None:
    unknown = bank.text(customer.caller, number_id, "+14155550188", 10_000)
    await _refused(bank, customer, _changed(unknown, refused="premium"), DestinationNotSupported)
    await _refused(bank, customer, _changed(unknown, refused=None), ConsentRequired)


async def test_a_revoked_key_or_one_below_it_admits_nothing(bank: Bank, customer: Customer, number_id: str) -> None:
    parent = await bank.key(customer.caller)
    child = await bank.key(parent)
    async with bank.db.tenant(customer.tenant) as tx:
        await identity.revoke(tx, customer.caller, parent.key_id)
    for dead in (parent, child):
        await _refused(bank, customer, bank.text(dead, number_id, PEER), Unauthorized)


async def test_an_expired_ancestor_admits_nothing(bank: Bank, customer: Customer, number_id: str) -> None:
    parent = await bank.key(customer.caller, expires_at=bank.watch.at.replace(hour=12))
    child = await bank.key(parent, expires_at=bank.watch.at.replace(hour=12))
    assert isinstance(await bank.gate.admit(bank.text(child, number_id, PEER)), Admitted)
    bank.watch.at = bank.watch.at.replace(hour=12)
    await _refused(bank, customer, bank.text(child, number_id, PEER), Unauthorized)


async def test_a_workspace_whose_spending_was_stopped_admits_nothing(
    bank: Bank, customer: Customer, number_id: str
) -> None:
    await bank.in_system(lambda tx: identity.stop_spending(tx, customer.tenant.workspace_id, "test", {}))
    await _refused(bank, customer, bank.text(customer.caller, number_id, PEER), identity.AuthorizationDenied)


async def test_a_number_sends_only_while_it_is_ours(bank: Bank, customer: Customer, number_id: str) -> None:
    stranger = await bank.customer()
    await _refused(bank, stranger, bank.text(stranger.caller, number_id, PEER), NumberNotFound)
    async with bank.db.tenant(customer.tenant) as tx:
        await numbers.release(tx, number_id, "test")
    await _refused(bank, customer, bank.text(customer.caller, number_id, PEER), NumberNotFound)


async def test_one_workspace_and_environment_cannot_use_the_number_of_another_environment(bank: Bank) -> None:
    live = await bank.customer()
    number_id = await bank.number(live)
    await bank.consent(live, number_id, PEER)
    intent = bank.text(live.caller, number_id, PEER)
    test = _changed(intent, tenant=type(live.tenant)(live.tenant.workspace_id, "test"))
    await _refused(bank, live, test, NumberNotFound)


async def test_a_number_above_the_expected_price_is_refused_with_both_prices(bank: Bank, customer: Customer) -> None:
    with pytest.raises(PriceChanged) as refused:
        await bank.gate.admit(bank.order(customer, expectedMonthlyCents=249, approveHigherPrice=False))
    facts = refused.value.facts
    assert (facts["expectedMonthlyPriceCents"], facts["actualMonthlyPriceCents"]) == (249, 250)
    approved = bank.order(customer, expectedMonthlyCents=249, approveHigherPrice=True)
    assert isinstance(await bank.gate.admit(approved), Admitted)


async def test_a_number_that_somebody_has_is_taken_in_the_whole_deployment(bank: Bank, customer: Customer) -> None:
    order = bank.order(customer)
    assert isinstance(await bank.gate.admit(order), Admitted)
    other = await bank.customer()
    await _refused(bank, other, bank.order(other, order.to), NumberTaken)


async def test_the_quota_counts_ordered_numbers_and_frees_released_ones(bank: Bank) -> None:
    customer = await bank.customer(cents=5000, quota=2)
    first = await bank.number(customer)
    await bank.gate.admit(bank.order(customer))
    with pytest.raises(NumberQuotaExceeded) as refused:
        await bank.gate.admit(bank.order(customer))
    assert refused.value.facts == {"limit": 2, "current": 2}
    async with bank.db.tenant(customer.tenant) as tx:
        await numbers.release(tx, first, "test")
    await bank.in_system(lambda tx: numbers.operations.released(tx, customer.tenant, first))
    assert isinstance(await bank.gate.admit(bank.order(customer)), Admitted)


async def test_the_same_request_finds_what_the_first_made(bank: Bank, customer: Customer, number_id: str) -> None:
    first = bank.text(customer.caller, number_id, PEER, 2, _scope(customer, "twice", "a"))
    await bank.gate.admit(first)
    again = await bank.gate.admit(bank.text(customer.caller, number_id, PEER, 2, _scope(customer, "twice", "a")))
    assert again == Repeated(first.id)
    with pytest.raises(IdempotencyKeyMismatch):
        await bank.gate.admit(bank.text(customer.caller, number_id, PEER, 2, _scope(customer, "twice", "b")))


async def test_a_repetition_is_answered_though_the_world_has_changed(
    bank: Bank, customer: Customer, number_id: str
) -> None:
    """Opted out, released, broke: what was admitted was admitted."""
    first = bank.text(customer.caller, number_id, PEER, 2, _scope(customer, "kept", "a"))
    await bank.gate.admit(first)
    await bank.in_system(lambda tx: compliance.opt_out(tx, customer.tenant, number_id, PEER, "sms_keyword", {}))
    async with bank.db.tenant(customer.tenant) as tx:
        await numbers.release(tx, number_id, "test")
    again = await bank.gate.admit(bank.text(customer.caller, number_id, PEER, 2, _scope(customer, "kept", "a")))
    assert again == Repeated(first.id)


async def test_a_refused_request_is_not_remembered(bank: Bank, customer: Customer, number_id: str) -> None:
    other = "+14155550177"
    with pytest.raises(ConsentRequired):
        await bank.gate.admit(bank.text(customer.caller, number_id, other, 2, _scope(customer, "later", "a")))
    await bank.consent(customer, number_id, other)
    later = await bank.gate.admit(bank.text(customer.caller, number_id, other, 2, _scope(customer, "later", "a")))
    assert isinstance(later, Admitted)
