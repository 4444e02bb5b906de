"""Frames that cannot be accepted: each is told, none of them changes a call."""

from __future__ import annotations

from typing import Any

import pytest
from saperly_carriers.simulated import load_script

from .conftest import ManualLine


@pytest.mark.parametrize(
    ("frame", "code"),
    [
        ("{", "invalid_json"),
        (b"\x00\x01", "invalid_json"),
        ("[]", "invalid_frame"),
        ('{"type":"speak","text":"Hi"}', "invalid_frame"),
        ('{"type":"directive","requestId":"%"}', "invalid_frame"),
        ('{"type":"directive","requestId":"%","directive":{"type":"sing","text":"la"}}', "invalid_frame"),
        ('{"type":"directive","requestId":"%","directive":{"type":"speak","text":""}}', "invalid_frame"),
        ('{"type":"directive","requestId":"%","directive":{"type":"transfer","to":"911"}}', "invalid_frame"),
        ('{"type":"directive","requestId":"%","directive":{"type":"send_dtmf","digits":"x"}}', "invalid_frame"),
        ('{"type":"directive","requestId":"%","directive":[{"type":"hangup"},{"type":"hangup"}]}', "invalid_frame"),
        ('{"type":"directive","requestId":"req_other_1","directive":{"type":"hangup"}}', "unknown_request"),
        ('{"type":"directive","requestId":"%9","directive":{"type":"hangup"}}', "unknown_request"),
    ],
)
async def test_a_frame_that_cannot_be_accepted_is_told_and_the_request_stays_open(
    line: ManualLine, frame: str | bytes, code: str
) -> None:
    async with line.program() as program:
        await line.ring()
        opening = await program.next("inbound_call")
        said = frame.replace("%", opening["requestId"]) if isinstance(frame, str) else frame
        await program.send(said)
        refused = await program.next("error")
        assert refused["code"] == code
        assert refused["message"]
        await program.say(opening, "Hello.")
        await line.stage.clock.advance(5)
    assert line.heard() == ["Hello."]


async def test_a_second_answer_to_a_request_is_refused(line: ManualLine) -> None:
    async with line.program() as program:
        await line.ring()
        opening = await program.next("inbound_call")
        await program.say(opening, "One.")
        await program.say(opening, "Two.")
        refused = await program.next("error")
        assert (refused["code"], refused["requestId"]) == ("already_answered", opening["requestId"])
        await line.stage.clock.advance(5)
    assert line.heard() == ["One."]


async def test_nobody_answers_for_the_calls_of_another_connection(line: ManualLine) -> None:
    other = (await line.stage.post("/connections", {"name": "other", "mode": "manual"})).json()
    await line.ring()
    async with line.program() as program:
        opening = await program.next("inbound_call")
        mine, line.connection = line.connection, other
        async with line.program() as stranger:
            await stranger.reply(opening["requestId"], {"type": "hangup"})
            assert (await stranger.next("error"))["code"] == "unknown_request"
        line.connection = mine
        await program.say(opening, "Hello.")
        await line.stage.clock.advance(5)
    assert line.heard() == ["Hello."]


async def test_a_directive_after_the_end_of_the_call_is_refused(line: ManualLine) -> None:
    async with line.program() as program:
        run = await line.ring(load_script("steps: [{pause: 2}, hang_up]"))
        opening = await program.next("inbound_call")
        ended = await program.next("call_ended")
        await program.say(opening, "Hello?")
        assert (await program.next("error"))["code"] in ("unknown_request", "call_ended")
        await program.reply(ended["requestId"], {"type": "wait_for_user"})
        await program.send("{")
        assert (await program.next("error"))["code"] == "invalid_json", "the goodbye was no mistake"
        assert run


async def test_refused_directives_leave_nothing_in_the_calls_log(line: ManualLine) -> None:
    async with line.program() as program:
        await line.ring()
        opening = await program.next("inbound_call")
        await program.say(opening, "One.")
        before = await _inputs(line)
        for _ in range(5):
            await program.say(opening, "Two.")
            await program.next("error")
        assert await _inputs(line) == before


async def _inputs(line: ManualLine) -> Any:
    from sqlalchemy import text

    async with line.stage.process.services.db.system() as tx:
        return await tx.scalar(text("select count(*) from call_inputs where input->>'type' = 'brain_replied'"))


async def test_a_program_that_makes_mistake_after_mistake_is_closed(line: ManualLine) -> None:
    line.stage.process.services.limiter._capacity = 20  # type: ignore[attr-defined]  what an operator would set
    async with line.program() as program:
        await line.ring()
        opening = await program.next("inbound_call")
        for _ in range(30):
            await program.socket.send('{"type":"directive","requestId":"req_x_1","directive":{"type":"hangup"}}')
        assert (await program.closed())[0] == 4429
    async with line.program() as program:
        await program.say(await program.next("inbound_call"), "Hello.")
        await line.stage.clock.advance(5)
    assert opening
    assert line.heard() == ["Hello."]
