from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from saperly_carriers.port import CarrierRejected, EventKind, MessageStatus, RejectReason, Sender
from saperly_carriers.simulated import NetworkSettings, NotInService, ReceivedText
from saperly_carriers.simulated.segments import encoding, segments

if TYPE_CHECKING:
    from carriers.tests.conftest import World


async def test_a_text_is_queued_then_sent_then_delivered(world: World) -> None:
    message = await world.send()
    assert (message.status, message.segments, message.cost_micros) == (MessageStatus.QUEUED, 1, 4000)
    assert world.events == []
    await world.clock.advance(5)
    assert world.statuses() == [("sent", None), ("delivered", None)]
    event = world.events[-1]
    assert (event.message_id, event.ref) == (message.message_id, "ref")
    assert event.data == {
        "status": "delivered", "from": world.platform, "to": world.peer, "error": None,
        "segments": 1, "cost_micros": 4000,
    }  # fmt: skip


async def test_the_recipient_has_it_in_the_inbox_and_is_told(world: World) -> None:
    told: list[ReceivedText] = []

    async def ear(text: ReceivedText) -> None:
        told.append(text)

    detach = world.network.take_texts(world.peer, ear)
    await world.send(text="One")
    await world.clock.advance(5)
    detach()
    await world.send(text="Two")
    await world.clock.advance(5)
    assert [text.text for text in told] == ["One"]
    assert [(text.sender, text.text) for text in world.network.inbox(world.peer)] == [
        (world.platform, "One"),
        (world.platform, "Two"),
    ]


async def test_a_person_can_text_the_platform(world: World) -> None:
    world.network.send_text(world.peer, world.platform, "Grüße 🙂")
    await world.clock.advance(1)
    event = world.one(EventKind.MESSAGE_RECEIVED)
    assert (event.ref, event.message_id is None) == (None, False)
    assert event.data == {
        "from": world.peer, "to": world.platform, "text": "Grüße 🙂", "segments": 1, "encoding": "ucs2",
        "opt_out": None,
    }  # fmt: skip


async def test_nobody_takes_texts_at_a_number_that_is_not_rented(world: World) -> None:
    with pytest.raises(NotInService):
        world.network.send_text(world.peer, "+12125550199", "Hello")
    await world.carrier.numbers.route(world.number_id, voice="app", messaging=None, op=world.op())
    with pytest.raises(NotInService):
        world.network.send_text(world.peer, world.platform, "Hello")


async def test_a_text_between_two_numbers_of_the_platform_arrives_there(world: World) -> None:
    world.network.seize("+12125550101")
    await world.send("+12125550101")
    await world.clock.advance(5)
    data = world.one(EventKind.MESSAGE_RECEIVED).data
    assert (data["from"], data["to"]) == (world.platform, "+12125550101")
    assert world.statuses() == [("sent", None), ("delivered", None)]


async def test_a_repeated_text_is_sent_once_a_day(world: World) -> None:
    op, sender = world.op(), Sender(world.platform)
    send = world.carrier.messaging.send
    first = await send(sender=sender, to=world.peer, text="Hello", op=op)
    await world.clock.advance(86_399)
    assert await send(sender=sender, to=world.peer, text="Hello", op=op) == first
    assert len(world.network.inbox(world.peer)) == 1


@pytest.mark.parametrize("sender", ["+12125550101", "+14155551234", "+18005550100"])
async def test_a_number_that_is_not_rented_cannot_send(world: World, sender: str) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await world.carrier.messaging.send(sender=Sender(sender), to=world.peer, text="Hello", op=world.op())
    assert refusal.value.reason is RejectReason.SENDER


async def test_a_number_without_texts_cannot_send(world: World) -> None:
    world.network.seize("+442079460000")
    with pytest.raises(CarrierRejected) as refusal:
        await world.carrier.messaging.send(sender=Sender("+442079460000"), to=world.peer, text="Hello", op=world.op())
    assert refusal.value.reason is RejectReason.SENDER


@pytest.mark.parametrize(
    ("to", "text", "reason"),
    [
        ("4155551234", "Hello", RejectReason.INVALID_NUMBER),
        ("+1", "Hello", RejectReason.INVALID_NUMBER),
        ("+14155551234", "", RejectReason.INVALID_VALUE),
        ("+14155551234", "x" * 1601, RejectReason.INVALID_VALUE),
    ],
)
async def test_an_impossible_text_is_refused(world: World, to: str, text: str, reason: RejectReason) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await world.send(to, text)
    assert refusal.value.reason is reason


@pytest.mark.parametrize(
    ("name", "to", "works"),
    [
        ("Saperly", "+447700900123", True),
        ("A1 B", "+447700900123", True),
        ("Saperly", "+14155551234", False),
        ("12345", "+447700900123", False),
        ("TwelveLetter", "+447700900123", False),
        ("Héllo", "+447700900123", False),
    ],
)
async def test_sender_names_follow_the_rules_of_carriers(world: World, name: str, to: str, works: bool) -> None:
    if works:
        await world.send(to, alphanumeric=name)
        await world.clock.advance(2)
        assert world.network.inbox(to)[0].sender == name
        return
    with pytest.raises(CarrierRejected) as refusal:
        await world.send(to, alphanumeric=name)
    assert refusal.value.reason is RejectReason.SENDER


async def test_an_unknown_message_cannot_be_looked_up(world: World) -> None:
    with pytest.raises(CarrierRejected) as refusal:
        await world.carrier.messaging.lookup("sim-msg-none")
    assert refusal.value.reason is RejectReason.NOT_FOUND


async def test_old_messages_are_forgotten(make_world: type[World]) -> None:
    world = make_world(NetworkSettings(messages_kept=1))
    first = await world.send()
    await world.send()
    with pytest.raises(CarrierRejected):
        await world.carrier.messaging.lookup(first.message_id)


async def test_stop_is_left_to_the_platform_by_default(world: World) -> None:
    world.network.send_text(world.peer, world.platform, "STOP")
    await world.clock.advance(5)
    assert world.one(EventKind.MESSAGE_RECEIVED).data["opt_out"] is None
    assert world.network.inbox(world.peer) == ()
    assert not world.carrier.caps.carrier_opt_out


async def test_a_carrier_that_handles_stop_answers_blocks_and_unblocks(make_world: type[World]) -> None:
    world = make_world(NetworkSettings(carrier_opt_out=True))
    assert world.carrier.caps.carrier_opt_out
    for word in ("stop ", "Help", "What?"):
        world.network.send_text(world.peer, world.platform, word)
    await world.clock.advance(5)
    words = [event.data["opt_out"] for event in world.of(EventKind.MESSAGE_RECEIVED)]
    assert words == ["STOP", "HELP", None]
    assert len(world.network.inbox(world.peer)) == 2
    with pytest.raises(CarrierRejected) as refusal:
        await world.send()
    assert refusal.value.reason is RejectReason.OPTED_OUT
    world.network.send_text(world.peer, world.platform, "UNSTOP")
    await world.send()


@pytest.mark.parametrize(
    ("text", "alphabet", "count"),
    [
        ("a" * 160, "gsm7", 1),
        ("a" * 161, "gsm7", 2),
        ("a" * 306, "gsm7", 2),
        ("a" * 307, "gsm7", 3),
        ("€" * 80, "gsm7", 1),
        ("€" * 81, "gsm7", 2),
        ("a" * 152 + "€" * 77, "gsm7", 3),
        ("ж" * 70, "ucs2", 1),
        ("ж" * 71, "ucs2", 2),
        ("ж" * 135, "ucs2", 3),
        ("🙂" * 35, "ucs2", 1),
        ("🙂" * 36, "ucs2", 2),
        ("ж" * 66 + "🙂" * 34, "ucs2", 3),
        ("`", "ucs2", 1),
    ],
)
def test_segments_are_counted_as_networks_do(text: str, alphabet: str, count: int) -> None:
    assert (encoding(text), segments(text)) == (alphabet, count)
