"""Who moves money is looked after: a workspace whose books do not add up spends nothing more, and all others go on."""

from __future__ import annotations

from typing import Any

import pytest
from saperly_server import identity, ledger
from saperly_server.doctor import Watch, cheap
from saperly_server.gate import Admitted
from saperly_server.identity import AuthorizationDenied, Caller
from sqlalchemy import text
from structlog.testing import capture_logs

from ..customers import Customer
from ..ledger.bank import Bank, run_as_owner
from ..stage import Stage
from .conftest import broken

PEER = "+14155550199"


async def _ready(bank: Bank) -> tuple[Customer, str]:
    customer = await bank.customer(cents=1_000)
    number_id = await bank.number(customer)
    await bank.consent(customer, number_id, PEER)
    return customer, number_id


async def _text(bank: Bank, who: Customer | Caller, number_id: str, cents: int = 5) -> Admitted:
    caller = who.caller if isinstance(who, Customer) else who
    admitted = await bank.gate.admit(bank.text(caller, number_id, PEER, cents))
    assert isinstance(admitted, Admitted)
    return admitted


async def _close(bank: Bank, admitted: Admitted, cents: int = 3) -> None:
    workspace, hold = admitted.intent.tenant.workspace_id, admitted.intent.hold_id
    await bank.in_system(lambda tx: ledger.settle(tx, workspace, hold, cents))


async def _corrupt(bank: Bank, customer: Customer) -> None:
    """A cent from nowhere, by the owner of the tables."""
    where = f"workspace_id = '{customer.tenant.workspace_id}' and environment = 'live'"
    await run_as_owner(bank.dsn, f"update accounts set available_cents = available_cents + 1 where {where}")


async def _stops(bank: Bank, customer: Customer) -> list[Any]:
    query = "select data from audit_events where workspace_id = :ws and event_type = 'spending.stopped'"
    return [row.data for row in await bank.rows(query, ws=customer.tenant.workspace_id)]


async def test_a_workspace_whose_balance_was_changed_by_hand_spends_nothing_more(bank: Bank) -> None:
    (wrong, number_id), (right, other_number) = await _ready(bank), await _ready(bank)
    watch = Watch(bank.db)
    for customer, number in ((wrong, number_id), (right, other_number)):
        await _text(bank, customer, number)
        watch.touched(customer.tenant)
    await _corrupt(bank, wrong)
    with capture_logs() as logs:
        findings = await watch.examine()
    assert {(one.invariant, one.workspace_id) for one in findings} == {("L-2", wrong.tenant.workspace_id)}
    assert [(line["log_level"], line["invariant"]) for line in logs] == [("error", "L-2")]
    assert [reason["invariant"] for reason in await _stops(bank, wrong)] == ["L-2"]
    with pytest.raises(AuthorizationDenied):
        await _text(bank, wrong, number_id)
    await _text(bank, right, other_number)


async def test_an_operator_lets_it_spend_again(bank: Bank) -> None:
    customer, number_id = await _ready(bank)
    workspace = customer.tenant.workspace_id
    assert await bank.in_system(lambda tx: identity.stop_spending(tx, workspace, "operator", {}))
    assert workspace in {one.workspace_id for one in await bank.in_system(identity.stopped_workspaces)}
    assert await bank.in_system(lambda tx: identity.resume_spending(tx, workspace, "operator"))
    assert not await bank.in_system(lambda tx: identity.resume_spending(tx, workspace, "operator"))
    await _text(bank, customer, number_id)


async def test_a_workspace_is_stopped_once_however_often_it_is_found_wrong(bank: Bank) -> None:
    customer, number_id = await _ready(bank)
    watch = Watch(bank.db)
    await _text(bank, customer, number_id)
    await _corrupt(bank, customer)
    with capture_logs() as logs:
        for _ in range(3):
            watch.touched(customer.tenant)
            assert len(await watch.examine()) == 1
    assert (len(await _stops(bank, customer)), len(logs)) == (1, 1)


async def test_an_account_nobody_touched_is_not_looked_at(bank: Bank) -> None:
    customer, _ = await _ready(bank)
    watch = Watch(bank.db)
    watch.touched(customer.tenant)
    assert await watch.examine() == []
    await _corrupt(bank, customer)
    assert await watch.examine() == []
    watch.touched(customer.tenant)
    assert len(await watch.examine()) == 1


async def test_an_account_that_holds_money_stays_in_sight_until_it_holds_none(bank: Bank) -> None:
    customer, number_id = await _ready(bank)
    watch = Watch(bank.db)
    admitted = await _text(bank, customer, number_id)
    watch.touched(customer.tenant)
    assert await watch.examine() == []
    await _close(bank, admitted)
    await _corrupt(bank, customer)
    assert await watch.examine() == []
    bank.watch.pass_by(seconds=10)
    assert [one.invariant for one in await watch.examine()] == ["L-2"]


async def test_an_account_that_could_not_be_looked_at_is_looked_at_next_time(bank: Bank) -> None:
    customer, number_id = await _ready(bank)
    watch = Watch(bank.db)
    await _text(bank, customer, number_id)
    await _corrupt(bank, customer)
    watch.touched(customer.tenant)
    await run_as_owner(bank.dsn, "alter function doctor_cheap rename to doctor_away")
    with pytest.raises(Exception, match="doctor_cheap"):
        await watch.examine()
    await run_as_owner(bank.dsn, "alter function doctor_away rename to doctor_cheap")
    assert len(await watch.examine()) == 1


async def test_the_server_stops_a_workspace_by_itself(stage: Stage, dsn: str) -> None:
    line = await stage.line()
    await stage.consent(line, PEER)
    body = {"fromNumberId": line["id"], "to": PEER, "body": "Hi"}
    assert (await stage.post("/messages", body)).status_code == 201
    await run_as_owner(dsn, "update accounts set available_cents = available_cents + 1 where environment = 'live'")
    assert (await stage.post("/messages", body)).status_code == 201
    await stage.clock.advance(2)
    refused = await stage.post("/messages", body)
    assert (refused.status_code, refused.json()["_tag"]) == (403, "AuthorizationDenied")


ENTRY = "workspace_id = '{ws}' and seq = (select max(seq) from ledger_entries where workspace_id = '{ws}')"
HARMS = {
    "L-1": f"update ledger_entries set contra_delta = contra_delta + 1 where {ENTRY}",
    "L-2": "update accounts set available_cents = available_cents - 1 where workspace_id = '{ws}' and environment = 'live'",
    "L-3": "update accounts set held_cents = -1 where workspace_id = '{ws}' and environment = 'live'",
    "L-4": "update holds set amount_cents = amount_cents + 1 where workspace_id = '{ws}' and state = 'open'",
    "L-6": "update holds set settled_cents = settled_cents - 1 where workspace_id = '{ws}' and state = 'settled'",
    "L-7": "delete from ledger_entries where workspace_id = '{ws}' and seq = "
    "(select max(seq) - 2 from ledger_entries where workspace_id = '{ws}')",
    "L-8": "update key_spend set held_cents = held_cents + 1 where workspace_id = '{ws}'",
}


@pytest.mark.parametrize("invariant", [*HARMS, "L-8 cap"])
async def test_each_cheap_check_names_what_it_is_about(bank: Bank, invariant: str) -> None:
    customer, number_id = await _ready(bank)
    top = await bank.key(customer.caller, 100)
    leaf = await bank.key(top, 80, None)
    for cents in (5, 10, 15):
        await _close(bank, await _text(bank, leaf, number_id, cents))
    await _text(bank, top, number_id, 20)
    async with bank.db.system() as tx:
        assert await cheap(tx, [customer.tenant]) == []
    capped = "update api_keys set limit_cents = 1 where workspace_id = '{ws}' and limit_cents = 100"
    harm = HARMS.get(invariant, capped).format(ws=customer.tenant.workspace_id)
    async with broken(bank.dsn, bank.watch.at, (harm,)) as tx:
        findings = await cheap(tx, [customer.tenant])
        others = await tx.scalar(text("select count(*) from doctor_cheap(array['ws_none'], array['live'])"))
    assert invariant.split(maxsplit=1)[0] in {one.invariant for one in findings}
    assert all(one.sentence.endswith(".") and one.workspace_id == customer.tenant.workspace_id for one in findings)
    assert others == 0
