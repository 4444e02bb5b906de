from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
from saperly_carriers.event_data import is_storable
from saperly_carriers.port import CarrierProtocol, EventKind, IntakeRefused, RawRequest
from saperly_carriers.simulated.signing import Signer

if TYPE_CHECKING:
    from carriers.tests.conftest import World


@pytest.fixture
async def request_(world: World) -> RawRequest:
    requests: list[RawRequest] = []

    async def keep(request: RawRequest) -> None:
        requests.append(request)

    world.network.deliver = keep
    await world.dial()
    await world.clock.advance(1)
    return requests[0]


async def test_a_request_of_the_network_is_believed_and_read(world: World, request_: RawRequest) -> None:
    world.carrier.intake.verify(request_, world.clock.now())
    (event,) = world.carrier.intake.parse(request_)
    assert event.kind is EventKind.CALL_RINGING
    assert (event.call_id, event.ref, event.message_id, event.order_id) == ("v3:sim-t-000001", "ref", None, None)
    assert event.data == {"from": world.platform, "to": world.peer}
    assert (event.received_at - event.occurred_at).total_seconds() == pytest.approx(0.05)
    assert event.raw == request_.body
    assert world.carrier.intake.respond(request_, None).status == 200


async def test_one_flipped_byte_is_refused(world: World, request_: RawRequest) -> None:
    for position in range(0, len(request_.body), 17):
        body = bytearray(request_.body)
        body[position] ^= 1
        with pytest.raises(IntakeRefused) as refusal:
            world.carrier.intake.verify(replace(request_, body=bytes(body)), world.clock.now())
        assert refusal.value.reason == "bad_signature"


@pytest.mark.parametrize(("minutes", "believed"), [(-6, False), (-4, True), (4, True), (6, False)])
async def test_a_request_is_believed_for_five_minutes(
    world: World, request_: RawRequest, minutes: int, believed: bool
) -> None:
    now = world.clock.now() + timedelta(minutes=minutes)
    if believed:
        world.carrier.intake.verify(request_, now)
        return
    with pytest.raises(IntakeRefused) as refusal:
        world.carrier.intake.verify(request_, now)
    assert refusal.value.reason == "stale"


async def test_a_moved_timestamp_breaks_the_signature(world: World, request_: RawRequest) -> None:
    headers = dict(request_.headers) | {"simulated-timestamp": str(int(world.clock.now().timestamp()) + 60)}
    with pytest.raises(IntakeRefused) as refusal:
        world.carrier.intake.verify(replace(request_, headers=headers), world.clock.now())
    assert refusal.value.reason == "bad_signature"


@pytest.mark.parametrize("header", ["simulated-signature", "simulated-timestamp"])
async def test_a_request_without_a_signature_is_refused(world: World, request_: RawRequest, header: str) -> None:
    headers = {name: value for name, value in request_.headers.items() if name != header}
    with pytest.raises(IntakeRefused) as refusal:
        world.carrier.intake.verify(replace(request_, headers=headers), world.clock.now())
    assert refusal.value.reason == "missing_signature"


async def test_a_signature_that_is_not_ascii_is_refused_quietly(world: World, request_: RawRequest) -> None:
    headers = dict(request_.headers) | {"simulated-signature": "é"}
    with pytest.raises(IntakeRefused):
        world.carrier.intake.verify(replace(request_, headers=headers), world.clock.now())


async def test_another_networks_key_is_refused(world: World, make_world: type[World], request_: RawRequest) -> None:
    with pytest.raises(IntakeRefused):
        make_world(seed=8).carrier.intake.verify(request_, world.clock.now())


async def test_an_event_of_an_unknown_kind_gives_nothing(world: World) -> None:
    body = json.dumps({"id": "e", "type": "call.teleported", "occurred_at": "x", "data": {}}).encode()
    assert world.carrier.intake.parse(Signer(b"k").request(body, world.clock.now())) == []


@pytest.mark.parametrize("body", [b"", b"not json", b"[]", b'{"type":"call.ended"}', b'{"type":[]}'])
async def test_a_body_that_cannot_be_read_is_a_protocol_error(world: World, body: bytes) -> None:
    with pytest.raises(CarrierProtocol):
        world.carrier.intake.parse(Signer(b"k").request(body, world.clock.now()))


@pytest.mark.parametrize(("number", "kept"), [(2**63 - 1, True), (2**63, False), (-(2**63), False), (10**30, False)])
def test_numbers_beyond_64_bits_are_no_part_of_an_event(number: int, kept: bool) -> None:
    assert is_storable({"deep": [{"er": number}]}) is kept
