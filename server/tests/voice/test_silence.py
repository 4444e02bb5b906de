"""Calls of which the network's news are lost: it is asked, and its word is taken."""

from __future__ import annotations

import json
from typing import Any

from saperly_carriers.port import EventKind, RawRequest
from saperly_carriers.simulated import parse_script
from saperly_carriers.simulated.faults import Faults
from saperly_server import voice
from saperly_server.outbox import StoredEvent

from ..customers import START
from ..stage import Stage

PEER = "+16465550177"


def lose(stage: Stage, *kinds: str) -> None:
    """From here on the network's news of these kinds never arrive."""
    receive = stage.process.services.intake.receive

    async def deliver(request: RawRequest) -> None:
        if json.loads(request.body)["type"] not in kinds:
            await receive("simulated", request)

    stage.network.deliver = deliver


async def placed(stage: Stage, **script: Any) -> str:
    line = await stage.line()
    await stage.consent(line, PEER)
    stage.network.add_party(PEER, parse_script({"name": "peer", **script}, "peer"))
    answer = await stage.post("/calls", {"fromNumberId": line["id"], "to": PEER})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def measured(stage: Stage) -> int:
    """The whole seconds that the network connected its last call for."""
    milliseconds = stage.network.log.of("call_cost")[-1].data["duration_ms"]
    assert isinstance(milliseconds, int)
    return -(-milliseconds // 1000)


async def test_a_call_whose_answer_and_end_are_lost_is_charged_as_the_network_measured(stage: Stage) -> None:
    lose(stage, "call.answered", "call.ended")
    call_id = await placed(stage, steps=[{"pause": 5}, "hang_up"])
    await stage.clock.advance(40)
    call = await stage.get(f"/calls/{call_id}")
    assert (call["status"], call["durationSec"]) == ("completed", measured(stage))


async def test_a_callee_whose_answer_is_lost_does_not_stay_in_silence(stage: Stage) -> None:
    lose(stage, "call.answered")
    await placed(stage, answer_after_sec=1, steps=[{"be_silent": 60}])
    await stage.clock.advance(45)
    assert stage.network.log.heard_by(PEER)


async def test_a_call_nobody_answered_ends_though_nobody_says_so(stage: Stage) -> None:
    lose(stage, "call.ended")
    call_id = await placed(stage, on_call="busy")
    await stage.clock.advance(30)
    call = await stage.get(f"/calls/{call_id}")
    assert (call["status"], call["costCents"]) == ("no_answer", 0)


async def test_a_hang_up_that_nobody_confirms_is_charged_as_the_network_measured(stage: Stage) -> None:
    lose(stage, "call.answered", "call.ended")
    call_id = await placed(stage, answer_after_sec=0.5, steps=[{"be_silent": 60}])
    await stage.clock.advance(4)
    await stage.post(f"/calls/{call_id}/end")
    await stage.clock.advance(15)
    call = await stage.get(f"/calls/{call_id}")
    assert (call["status"], call["durationSec"]) == ("completed", measured(stage))


async def test_a_call_that_the_network_never_heard_of_ends_unpaid(stage: Stage) -> None:
    lose(stage, "call.answered", "call.ended", "call.ringing")
    call_id = await placed(stage, on_call="busy")
    await stage.clock.advance(1)
    stage.network.exchange._ended.clear()
    await stage.clock.advance(150)
    call = await stage.get(f"/calls/{call_id}")
    assert (call["status"], call["costCents"]) == ("failed", 0)


async def test_a_caller_is_answered_though_the_network_does_not_confirm_it(stage: Stage) -> None:
    line = await stage.line()
    for faults in (Faults(lose_answer=True), Faults(fail_first=True), Faults(garble_answer=True)):
        stage.network.faults = faults
        stage.network.place_scripted_call(
            PEER, line["phoneNumber"], parse_script({"name": "caller", "steps": [{"pause": 30}, "hang_up"]}, "caller")
        )
        await stage.clock.advance(60)
        (call, *_) = await stage.get("/calls")
        assert (call["status"], call["durationSec"]) == ("completed", measured(stage)), faults


async def test_a_call_for_nobody_that_is_over_by_now_needs_no_refusal(stage: Stage) -> None:
    bare, rejected = await stage.number(), len(stage.network.log.of("refused"))
    lose(stage, "call.incoming")
    stage.network.place_scripted_call(PEER, bare["phoneNumber"], parse_script({"name": "x", "steps": ["hang_up"]}, "x"))
    await stage.post(f"/numbers/{bare['id']}/release")
    await stage.clock.advance(40)
    (call,) = stage.network.log.of("call")
    event = _incoming(str(call.data["call_id"]), bare["phoneNumber"])
    await stage.during(voice.incoming(stage.process.services.calls, event))
    assert len(stage.network.log.of("refused")) == rejected + 1


def _incoming(call_id: str, to: str) -> StoredEvent:
    data = {"from": PEER, "to": to, "caller_name": None, "attestation": "A"}
    return StoredEvent("simulated", "late", EventKind.CALL_INCOMING, None, call_id, None, None, START, data)
