"""Each row of the table of magic numbers, for texts."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import (
    CarrierOutcomeUnknown,
    CarrierProtocol,
    CarrierRateLimited,
    CarrierRejected,
    EventKind,
    Op,
    RejectReason,
    Sender,
    SentMessage,
)

if TYPE_CHECKING:
    from carriers.tests.conftest import World

SENT = ("sent", None)
DELIVERED = ("delivered", None)


def magic(last_four: str) -> str:
    return "+1500555" + last_four


async def send(world: World, last_four: str, op: Op) -> SentMessage:
    sender = Sender(world.platform)
    return await world.clock.run(world.carrier.messaging.send(sender=sender, to=magic(last_four), text="Hello", op=op))


@pytest.mark.parametrize(
    ("last_four", "reason", "code"),
    [
        ("0001", RejectReason.INVALID_NUMBER, "invalid_number"),
        ("0002", RejectReason.CANNOT_ROUTE, "cannot_route"),
        ("0003", RejectReason.GEO, "destination_not_allowed"),
        ("0004", RejectReason.OPTED_OUT, "opted_out"),
        ("0008", RejectReason.CAPACITY, "queue_full"),
        ("0009", RejectReason.INVALID_NUMBER, "cannot_receive_sms"),
    ],
)
async def test_the_network_refuses_the_text(world: World, last_four: str, reason: RejectReason, code: str) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await world.send(magic(last_four))
    assert (refusal.value.reason, refusal.value.code) == (reason, code)
    await world.clock.advance(60)
    assert world.events == []
    assert world.network.inbox(magic(last_four)) == ()


@pytest.mark.parametrize(
    "last_four", ["0006", "1001", "1002", "1003", "1004", "1005", "1006", "1007", "1008", "1009", "1013"]
)
async def test_the_text_is_delivered(world: World, last_four: str) -> None:
    await world.send(magic(last_four))
    await world.clock.advance(60)
    assert world.statuses() == [SENT, DELIVERED]
    assert [text.text for text in world.network.inbox(magic(last_four))] == ["Hello"]
    assert world.of(EventKind.MESSAGE_RECEIVED) == []


@pytest.mark.parametrize(
    ("last_four", "statuses"),
    [
        ("2001", [SENT, ("failed", "undeliverable")]),
        ("2002", [SENT, ("failed", "spam")]),
        ("2003", [SENT, ("unconfirmed", None)]),
        ("2004", [SENT, ("failed", "expired")]),
        ("2005", [SENT]),
        ("2012", [("failed", "not_registered")]),
    ],
)
async def test_the_text_has_another_fate(world: World, last_four: str, statuses: list[tuple[str, str | None]]) -> None:
    message = await world.send(magic(last_four))
    await world.clock.advance(600)
    assert world.statuses() == statuses
    assert (await world.carrier.messaging.lookup(message.message_id)).status == statuses[-1][0]


@pytest.mark.parametrize(
    ("last_four", "reply"),
    [("1010", "Hello"), ("2008", "STOP"), ("2009", "HELP"), ("2010", "START")],
)
async def test_the_recipient_replies(world: World, last_four: str, reply: str) -> None:
    await world.send(magic(last_four))
    await world.clock.advance(10)
    assert world.kinds() == ["message.status", "message.status", "message.received"]
    data = world.one(EventKind.MESSAGE_RECEIVED).data
    assert (data["from"], data["to"], data["text"]) == (magic(last_four), world.platform, reply)
    assert data["opt_out"] is None


async def test_1011_replies_with_help(world: World) -> None:
    await world.send(magic("1011"))
    await world.clock.advance(10)
    assert "Reply STOP" in world.one(EventKind.MESSAGE_RECEIVED).data["text"]


async def test_1012_replies_with_several_segments(world: World) -> None:
    await world.send(magic("1012"))
    await world.clock.advance(10)
    assert world.one(EventKind.MESSAGE_RECEIVED).data["segments"] == 3


async def test_3001_fails_once_and_works_with_the_same_operation(world: World) -> None:
    op = world.op()
    with pytest.raises(CarrierOutcomeUnknown):
        await send(world, "3001", op)
    await send(world, "3001", op)
    await world.clock.advance(5)
    assert world.statuses() == [SENT, DELIVERED]


async def test_3002_always_fails(world: World) -> None:
    op = world.op()
    for _ in range(2):
        with pytest.raises(CarrierOutcomeUnknown):
            await send(world, "3002", op)
    await world.clock.advance(5)
    assert (world.events, await world.carrier.messaging.find(op)) == ([], None)


async def test_3003_asks_to_wait(world: World) -> None:
    op = world.op()
    with pytest.raises(CarrierRateLimited):
        await send(world, "3003", op)
    await send(world, "3003", op)


async def test_3004_is_sent_though_the_answer_is_lost(world: World) -> None:
    op = world.op()
    with pytest.raises(CarrierOutcomeUnknown):
        await send(world, "3004", op)
    found = await world.carrier.messaging.find(op)
    assert found is not None
    assert found.message_id == world.events[0].message_id
    assert world.statuses() == [SENT, DELIVERED]


async def test_3005_takes_six_seconds(world: World) -> None:
    await send(world, "3005", world.op())
    assert world.elapsed() == 6


async def test_3006_is_sent_though_the_answer_cannot_be_read(world: World) -> None:
    op = world.op()
    with pytest.raises(CarrierProtocol):
        await send(world, "3006", op)
    assert await world.carrier.messaging.find(op) is not None


async def test_4001_sends_every_receipt_twice(world: World) -> None:
    await world.send(magic("4001"))
    await world.clock.advance(5)
    assert world.statuses() == [SENT, SENT, DELIVERED, DELIVERED]


async def test_4002_delivers_the_receipt_before_the_sending(world: World) -> None:
    await world.send(magic("4002"))
    await world.clock.advance(5)
    assert world.statuses() == [DELIVERED, SENT]


async def test_4003_is_three_seconds_late(world: World) -> None:
    await world.send(magic("4003"))
    await world.clock.advance(5)
    assert [(e.received_at - e.occurred_at).total_seconds() for e in world.events] == [3.05, 3.05]


async def test_4004_loses_the_sent_event(world: World) -> None:
    await world.send(magic("4004"))
    await world.clock.advance(5)
    assert world.statuses() == [DELIVERED]


async def test_4005_sends_each_receipt_with_a_bad_signature_first(world: World) -> None:
    await world.send(magic("4005"))
    await world.clock.advance(5)
    assert world.statuses() == [SENT, DELIVERED]
    assert len(world.network.log.of("delivery", forged=True, error="IntakeRefused")) == 2


async def test_4006_changes_the_receipt_after_the_final_one(world: World) -> None:
    await world.send(magic("4006"))
    await world.clock.advance(5)
    assert world.statuses() == [SENT, DELIVERED, ("failed", "late_failure")]
