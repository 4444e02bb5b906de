"""A call from its first frame to its last, byte for byte as documented."""

from __future__ import annotations

import json

from saperly_carriers.simulated import load_script

from .conftest import CALLER, ManualLine

TALKER = load_script("steps: [{expect: {pattern: '.'}}, {say: 'Do you have a table for two?'}, be_silent]")


async def test_a_call_is_answered_talked_through_and_ended(line: ManualLine) -> None:
    async with line.program() as program:
        await line.ring(TALKER)
        opening = await program.next("inbound_call")
        call = await line.call()
        assert opening == {
            "type": "inbound_call",
            "requestId": opening["requestId"],
            "conversationId": call["id"],
            "callControlId": call["id"],
            "from": CALLER,
            "to": line.number["phoneNumber"],
        }
        await program.say(opening, "Hi, this is Acme. How can I help?")
        turn = await program.next("turn")
        assert turn == {
            "type": "turn",
            "requestId": turn["requestId"],
            "conversationId": call["id"],
            "userText": "Do you have a table for two?",
        }
        await program.say(turn, "All set - goodbye!", endCall=True)
        ended = await program.next("call_ended")
        assert ended["conversationId"] == call["id"]
        assert len({opening["requestId"], turn["requestId"], ended["requestId"]}) == 3
        await program.reply(ended["requestId"], {"type": "hangup"})
    assert line.heard() == ["Hi, this is Acme. How can I help?", "All set - goodbye!"]
    assert (await line.call())["status"] == "completed"
    turns = (await line.stage.get(f"/calls/{call['id']}/transcript"))["turns"]
    assert [(turn["role"], turn["text"]) for turn in turns] == [
        ("assistant", "Hi, this is Acme. How can I help?"),
        ("user", "Do you have a table for two?"),
        ("assistant", "All set - goodbye!"),
    ]


async def test_the_frames_are_compact_json_in_the_documented_order(line: ManualLine) -> None:
    async with line.program() as program:
        await line.ring(TALKER)
        raw = await line.stage.during(program.socket.recv())
        call_id, to = (await line.call())["id"], line.number["phoneNumber"]
        assert raw == json.dumps(
            {
                "type": "inbound_call",
                "requestId": f"req_{call_id}_1",
                "conversationId": call_id,
                "callControlId": call_id,
                "from": CALLER,
                "to": to,
            },
            separators=(",", ":"),
        )


async def test_one_socket_carries_every_live_call_of_its_connection(line: ManualLine) -> None:
    async with line.program() as program:
        for _ in range(3):
            line.stage.network.place_scripted_call(
                CALLER, line.number["phoneNumber"], load_script("steps: [be_silent]")
            )
        openings = [await program.next("inbound_call") for _ in range(3)]
        assert len({one["conversationId"] for one in openings}) == 3
        for place, opening in reversed(list(enumerate(openings))):
            await program.say(opening, f"You are number {place}.")
        await line.stage.clock.advance(10)
        assert sorted(line.heard()) == [f"You are number {place}." for place in range(3)]


async def test_the_secret_may_come_as_a_subprotocol_which_is_echoed(line: ManualLine) -> None:
    offered = f"bearer.{line.connection['manualSecret']}"
    async with line.program(additional_headers={}, subprotocols=[offered]) as program:
        assert program.socket.subprotocol == offered
        await line.ring()
        await program.next("inbound_call")


async def test_what_is_said_over_the_disclosure_waits_for_its_end(line: ManualLine) -> None:
    await line.stage.request(
        "PATCH", f"/connections/{line.connection['id']}", json={"complianceEnabled": True, "disclosure": "A machine."}
    )
    async with line.program() as program:
        await line.ring()
        await program.say(await program.next("inbound_call"), "Hello.")
        await line.stage.clock.advance(10)
    assert line.heard() == ["A machine.", "Hello."]
