"""Calls that come in: answered by the number's handler, the disclosure first; refused where they must be."""

from __future__ import annotations

from typing import Any

import pytest
from saperly_carriers.events import Attestation
from saperly_carriers.simulated import load_script

from .conftest import Stage
from .wire import PEER, balance, furnished, outcome, poor, text

CALLER = "+12025550143"
PATIENT = load_script("steps: [be_silent]")
DISCLOSURE = "This is an automated AI assistant for Acme. This call may be transcribed."


async def ring(stage: Stage, number: Any, script: Any = PATIENT, *, attestation: Any = Attestation.FULL) -> Any:
    """A person calls; what became of it on their side is in the run."""
    run = stage.network.place_scripted_call(CALLER, number["phoneNumber"], script, attestation=attestation)
    await stage.clock.advance(10)
    return run


async def only(stage: Stage) -> Any:
    (call,) = await stage.get("/calls")
    return call


async def test_a_caller_is_answered_and_hears_the_disclosure_first_and_in_full(stage: Stage) -> None:
    line = await stage.line()
    await ring(stage, line)
    call = await only(stage)
    assert (call["direction"], call["from"], call["to"]) == ("inbound", CALLER, line["phoneNumber"])
    assert call["status"] == "initiated"
    first, *rest = stage.network.log.heard_by(CALLER)
    assert (first.text, first.complete) == (DISCLOSURE, True)
    assert rest


async def test_nobody_can_talk_over_the_disclosure(stage: Stage) -> None:
    line = await stage.line()
    script = load_script(
        "steps: [{loop: {times: 4, steps: [{interrupt_after: 300}, {say: Listen to me!}]}}, be_silent]"
    )
    await ring(stage, line, script)
    first = stage.network.log.heard_by(CALLER)[0]
    assert (first.text, first.complete) == (DISCLOSURE, True)


@pytest.mark.parametrize("mode", ["hosted", "manual"])
async def test_the_disclosure_is_spoken_whoever_thinks(stage: Stage, mode: str) -> None:
    line = await stage.line(mode=mode, disclosure="You are talking to a machine.")
    await ring(stage, line)
    assert stage.network.log.heard_by(CALLER)[0].text == "You are talking to a machine."


async def test_without_compliance_the_brain_speaks_first(stage: Stage) -> None:
    line = await stage.line(complianceEnabled=False, disclosure="You are talking to a machine.")
    await ring(stage, line)
    heard = [said.text for said in stage.network.log.heard_by(CALLER)]
    assert heard
    assert not any("machine" in said or "transcribed" in said for said in heard), heard


async def test_the_outbound_disclosure_also_tells_how_to_call_back_and_to_opt_out(stage: Stage) -> None:
    line = await stage.line()
    await stage.consent(line, PEER)
    await stage.post("/calls", {"fromNumberId": line["id"], "to": PEER})
    await stage.clock.advance(30)
    first = stage.network.log.heard_by(PEER)[0]
    assert first.complete
    assert first.text.startswith(DISCLOSURE)
    assert "press 9 or say stop calling" in first.text


async def test_a_call_that_comes_in_is_paid_by_the_second_like_any_other(stage: Stage) -> None:
    line = await stage.line()
    before = await balance(stage)
    await ring(stage, line, load_script("steps: [{pause: 8}, hang_up]"))
    await stage.clock.advance(10)
    call = await only(stage)
    assert call["status"] == "completed"
    assert 8 <= call["durationSec"] <= 10
    assert before - await balance(stage) == call["costCents"] == -(-26 * call["durationSec"] // 60)


async def test_who_calls_and_is_vouched_for_may_be_called_back(stage: Stage) -> None:
    line = await stage.line()
    await ring(stage, line)
    (record,) = await stage.get("/consent")
    assert (record["peerNumber"], record["consentType"], record["source"]) == (
        CALLER,
        "implied_inbound",
        "inbound_call",
    )
    assert (await text(stage, line, CALLER)).status_code == 201


@pytest.mark.parametrize("attestation", [Attestation.GATEWAY, Attestation.NONE])
async def test_a_caller_whom_nobody_vouches_for_has_consented_to_nothing(stage: Stage, attestation: Any) -> None:
    line = await stage.line()
    await ring(stage, line, attestation=attestation)
    assert (await only(stage))["status"] == "initiated"
    assert await stage.get("/consent") == []
    assert outcome(await text(stage, line, CALLER)) == (403, "ConsentRequired")


async def test_a_call_to_an_empty_balance_is_rejected_before_it_is_answered(stage: Stage) -> None:
    client = await poor(stage, 51)
    number = await furnished(stage, client)
    await ring(stage, number)
    (call,) = (await client.get("/calls")).json()
    assert (call["status"], call["durationSec"], call["costCents"]) == ("rejected", 0, 0)
    assert stage.network.log.heard_by(CALLER) == []
    assert (await client.get("/usage")).json()["balanceCents"] == 51


async def test_a_call_to_a_number_without_a_handler_is_refused_at_no_cost(stage: Stage) -> None:
    number = await stage.number()
    await ring(stage, number)
    call = await only(stage)
    assert (call["status"], call["durationSec"], call["costCents"]) == ("failed", 0, 0)
    assert stage.network.log.heard_by(CALLER) == []


async def test_a_call_to_a_number_whose_connection_was_deleted_is_refused(stage: Stage) -> None:
    line = await stage.line()
    await stage.request("DELETE", f"/connections/{line['connectionId']}")
    await ring(stage, line)
    assert (await only(stage))["status"] == "failed"


async def test_a_call_to_a_released_number_finds_nobody_and_leaves_no_trace(stage: Stage) -> None:
    line = await stage.line()
    await stage.post(f"/numbers/{line['id']}/release")
    await ring(stage, line)
    assert await stage.get("/calls") == []
    assert stage.network.log.heard_by(CALLER) == []


async def test_two_callers_at_once_are_each_answered(stage: Stage) -> None:
    line = await stage.line()
    for caller in (CALLER, "+12025550144"):
        stage.network.place_scripted_call(caller, line["phoneNumber"], PATIENT)
    await stage.clock.advance(10)
    assert {call["from"] for call in await stage.get("/calls")} == {CALLER, "+12025550144"}
    for caller in (CALLER, "+12025550144"):
        assert stage.network.log.heard_by(caller)[0].text == DISCLOSURE


async def test_a_caller_who_gives_up_before_the_answer_costs_nothing(stage: Stage) -> None:
    line = await stage.line()
    before = await balance(stage)

    class Impatient:
        async def ringing(self, leg: Any) -> None:
            await leg.hang_up()

        async def answered(self, leg: Any) -> None: ...

        async def heard(self, leg: Any, text: str, utterance_id: str) -> None: ...

        async def dtmf(self, leg: Any, digit: str) -> None: ...

        async def ended(self, leg: Any, reason: str) -> None: ...

    stage.network.place_call(CALLER, line["phoneNumber"], Impatient())
    await stage.clock.advance(10)
    call = await only(stage)
    assert call["costCents"] in (0, 1)
    assert before - await balance(stage) == call["costCents"]


async def test_a_stop_by_voice_or_key_is_an_opt_out(stage: Stage) -> None:
    line = await stage.line()
    for place, step in enumerate(("say: Stop calling me", 'press: "9"')):
        peer = f"+1202555015{place}"
        await stage.consent(line, peer)
        stage.network.add_party(peer, load_script(f"steps: [{{pause: 30}}, {{{step}}}, be_silent]"))
        await stage.post("/calls", {"fromNumberId": line["id"], "to": peer})
        await stage.clock.advance(60)
        assert outcome(await text(stage, line, peer)) == (403, "RecipientOptedOut"), step
