"""Answers in time and too late, sockets that drop, and a caller who never waits in silence."""

from __future__ import annotations

from typing import Any

import pytest
from saperly_carriers.simulated import load_script

from .conftest import CALLER, HOLD, LISTENER, ManualLine

TALKER = load_script("steps: [{expect: {pattern: '.'}}, {say: 'Are you there?'}, be_silent]")


@pytest.mark.parametrize("after_sec", [17.9, 18.1, 19.9])
async def test_an_answer_before_the_hold_line_is_said(line: ManualLine, after_sec: float) -> None:
    async with line.program() as program:
        await line.ring()
        opening = await program.next("inbound_call")
        await line.stage.clock.advance(after_sec - 1)
        await program.say(opening, "Hello.")
        await line.stage.clock.advance(5)
    assert line.heard() == ["Hello."]


@pytest.mark.parametrize("after_sec", [20.3, 35.0])
async def test_one_after_it_is_refused_and_never_said(line: ManualLine, after_sec: float) -> None:
    async with line.program() as program:
        await line.ring()
        opening = await program.next("inbound_call")
        await line.stage.clock.advance(after_sec)
        await program.say(opening, "Too late.")
        frames = {frame["type"]: frame for frame in [await program.next(), await program.next()]}
        again, refused = frames["turn"], frames["error"]
        assert again["userText"] == ""
        assert (refused["code"], refused["requestId"]) == ("too_late", opening["requestId"])
        await program.say(again, "Here I am.")
        await line.stage.clock.advance(5)
    assert line.heard() == [HOLD, "Here I am."]


async def test_the_hold_line_comes_once_for_each_turn_and_then_a_polite_end(line: ManualLine) -> None:
    async with line.program() as program:
        await line.ring()
        for kind in ("inbound_call", "turn", "turn"):
            await program.next(kind)
        await program.next("call_ended", within_sec=90)
    assert line.heard()[:2] == [HOLD, HOLD]
    assert len(line.heard()) == 3
    assert (await line.call())["status"] == "completed"


async def test_nobody_connected_is_the_same_for_the_caller(line: ManualLine) -> None:
    await line.ring()
    await line.stage.clock.advance(100)
    assert line.heard()[:2] == [HOLD, HOLD]
    assert (await line.call())["status"] == "completed"


async def test_a_program_that_connects_while_the_caller_waits_gets_the_call(line: ManualLine) -> None:
    await line.ring()
    await line.stage.clock.advance(10)
    async with line.program() as program:
        await program.say(await program.next("inbound_call"), "Just in time.")
        await line.stage.clock.advance(5)
    assert line.heard() == ["Just in time."]


async def test_one_that_connects_after_the_hold_line_begins_at_the_beginning(line: ManualLine) -> None:
    await line.ring()
    await line.stage.clock.advance(25)
    async with line.program() as program:
        await program.say(await program.next("inbound_call"), "Sorry, I was late.")
        await line.stage.clock.advance(5)
    assert line.heard() == [HOLD, "Sorry, I was late."]


async def test_a_socket_that_drops_in_the_middle_of_a_turn_loses_nothing(line: ManualLine) -> None:
    async with line.program() as program:
        await line.ring(TALKER)
        await program.say(await program.next("inbound_call"), "Hello.")
        turn = await program.next("turn")
    await line.stage.clock.advance(5)
    async with line.program() as program:
        assert await program.next() == turn
        await program.say(turn, "Yes.")
        await line.stage.clock.advance(5)
    assert line.heard() == ["Hello.", "Yes."]


async def test_the_newest_of_two_sockets_is_the_brain(line: ManualLine) -> None:
    async with line.program() as old:
        await line.ring()
        opening = await old.next("inbound_call")
        async with line.program() as new:
            assert (await old.closed())[0] == 4000
            assert await new.next() == opening
            await new.say(opening, "Hello.")
            await line.stage.clock.advance(5)
            assert line.heard() == ["Hello."]


async def test_a_storm_of_reconnects_is_one_brain_in_the_end(line: ManualLine) -> None:
    await line.ring()
    for _ in range(30):
        async with line.program():
            pass
    async with line.program() as program:
        await program.say(await program.next("inbound_call"), "Still here.")
        await line.stage.clock.advance(5)
    assert line.heard() == ["Still here."]


async def test_the_end_of_a_call_is_told_to_a_program_that_was_away(line: ManualLine) -> None:
    async with line.program() as program:
        await line.ring(load_script("steps: [{expect: Hello}, {pause: 3}, hang_up]"))
        await program.say(await program.next("inbound_call"), "Hello.")
    await line.stage.clock.advance(20)
    for told in (["call_ended"], []):
        async with line.program() as program:
            assert [(await program.next())["type"] for _ in told] == told
            await program.send(line.hello)
            assert (await program.next("error"))["code"] == "unexpected_hello"


async def test_a_slow_call_keeps_no_other_waiting(line: ManualLine) -> None:
    """The network takes 30 seconds to say the first call's line; the second call's is said at once."""
    exchange = line.stage.process.services.calls
    async with line.program() as program:
        for _ in range(2):
            line.stage.network.place_scripted_call(CALLER, line.number["phoneNumber"], LISTENER)
        first, second = await program.next("inbound_call"), await program.next("inbound_call")
        slow = exchange.live.get(first["conversationId"])
        assert slow is not None
        slow._speech = _Slow(slow._speech, line)  # type: ignore[assignment]
        await program.say(first, "Slow.")
        await program.say(second, "Quick.")
        await line.stage.clock.advance(5)
        assert line.heard() == ["Quick."]
        await line.stage.clock.advance(40)
        assert "Slow." in line.heard()


class _Slow:
    """A speech session whose requests take half a minute."""

    def __init__(self, session: Any, line: ManualLine) -> None:
        self._session = session
        self._clock = line.stage.clock

    async def say(self, text: str, **how: Any) -> None:
        await self._clock.sleep(30)
        await self._session.say(text, **how)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)
