"""Who may be the brain of a connection, and what the first frame must be."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress
from typing import Any

import pytest
import websockets
from saperly_protocol import ErrorFrame
from sqlalchemy import text

from .conftest import ManualLine


@pytest.mark.parametrize("secret", ["mc_" + "0" * 64, "sk_live_nothing", "x", "é"])
async def test_a_wrong_secret_is_closed_with_4401(line: ManualLine, secret: str) -> None:
    how: dict[str, Any] = {"additional_headers": {"Authorization": f"Bearer {secret}".encode().decode("latin-1")}}
    async with line.program(greet=False, **how) as program:
        assert (await program.closed())[0] == 4401


async def test_so_is_no_secret_and_a_connection_that_is_not_there(line: ManualLine) -> None:
    async with line.program(greet=False, additional_headers={}) as program:
        assert (await program.closed())[0] == 4401
    secret, line.connection = line.connection["manualSecret"], {"id": "conn_none"}
    async with line.program(greet=False, secret=secret) as program:
        assert (await program.closed())[0] == 4401


async def test_the_secret_of_another_connection_opens_nothing(line: ManualLine) -> None:
    other = (await line.stage.post("/connections", {"name": "other", "mode": "manual"})).json()
    async with line.program(greet=False, secret=other["manualSecret"]) as program:
        assert (await program.closed())[0] == 4401


@pytest.mark.parametrize(
    "frame",
    [
        "hello",
        "[]",
        '{"type":"hello"}',
        '{"type":"hello","connectionId":"conn_other","protocolVersion":1}',
        '{"type":"hello","connectionId":"%","protocolVersion":2}',
        '{"type":"hello","connectionId":"%","protocolVersion":1,"extra":1}',
        '{"type":"directive","requestId":"r","directive":{"type":"hangup"}}',
        '{"type":"turn","requestId":"r"}',
        b"\xff\xfe",
    ],
)
async def test_a_wrong_first_frame_is_closed_with_4400(line: ManualLine, frame: str | bytes) -> None:
    async with line.program(greet=False) as program:
        said = frame.replace("%", line.connection["id"]) if isinstance(frame, str) else frame
        await program.socket.send(said)
        assert (await program.closed())[0] == 4400


async def test_a_socket_that_never_says_hello_is_closed(line: ManualLine) -> None:
    async with line.program(greet=False) as program:
        assert (await program.closed())[0] == 4400


async def test_the_secret_stays_when_the_mode_is_switched_to_and_fro(line: ManualLine) -> None:
    path = f"/connections/{line.connection['id']}"
    for mode in ("hosted", "manual", "manual", "hosted", "manual"):
        switched = await line.stage.request("PATCH", path, json={"mode": mode})
        assert switched.json()["manualSecret"] == line.connection["manualSecret"]
    async with line.program() as program:
        await line.ring()
        await program.next("inbound_call")


async def test_on_a_hosted_connection_a_program_is_told_that_it_is_not_the_brain(line: ManualLine) -> None:
    await line.stage.request("PATCH", f"/connections/{line.connection['id']}", json={"mode": "hosted"})
    async with line.program() as program:
        assert (await program.next("error"))["code"] == "not_manual"
        await line.ring()
        await line.stage.clock.advance(5)
        assert line.heard()
        await line.stage.request("PATCH", f"/connections/{line.connection['id']}", json={"mode": "manual"})
        await line.ring()
        await program.next("inbound_call")


async def test_a_deleted_connection_lets_its_program_go(line: ManualLine) -> None:
    async with line.program() as program:
        await line.stage.request("DELETE", f"/connections/{line.connection['id']}")
        assert (await program.closed())[0] == 4404


async def test_a_frame_of_ten_megabytes_ends_the_socket_and_not_the_call(line: ManualLine) -> None:
    async with line.program() as program:
        await line.ring()
        opening = await program.next("inbound_call")
        await program.socket.send(json.dumps({"type": "directive", "requestId": "r", "text": "x" * 10_000_000}))
        assert (await program.closed())[0] == 1009
    async with line.program() as program:
        assert await program.next("inbound_call") == opening
        await program.say(opening, "Hello.")
        await line.stage.clock.advance(5)
    assert line.heard() == ["Hello."]


@pytest.mark.parametrize("odd", ["%00", "conn_%00", "a" * 100, "é", "conn_1%2F.."])
async def test_an_odd_address_is_a_closed_door(line: ManualLine, odd: str) -> None:
    secret, line.connection = line.connection["manualSecret"], {"id": odd}
    with suppress(websockets.InvalidStatus):  # where the address is none of ours the handshake is refused
        async with line.program(greet=False, secret=secret) as program:
            assert (await program.closed())[0] == 4401
    assert line.stage.process.services.desk._lines == {}


async def test_a_hello_that_comes_after_the_connection_was_deleted_opens_nothing(line: ManualLine) -> None:
    async with line.program(greet=False) as program:
        await line.stage.request("DELETE", f"/connections/{line.connection['id']}")
        await program.send(line.hello)
        assert (await program.closed())[0] == 4404
        assert not line.stage.process.services.desk.is_attended(line.connection["id"])


async def test_a_secret_that_was_sealed_with_another_key_opens_nothing(line: ManualLine) -> None:
    async with line.stage.process.services.db.system() as tx:
        await tx.run(text("update connections set manual_secret = 'rubbish'"))
    async with line.program(greet=False) as program:
        assert (await program.closed())[0] == 4401


async def test_a_program_that_does_not_read_is_let_go_and_the_next_one_answers(
    line: ManualLine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("saperly_server.api.manual.outlet._SEND_WITHIN_SEC", 0.2)
    desk = line.stage.process.services.desk
    async with line.program(max_queue=1) as program:
        program.socket.transport.pause_reading()
        for place in range(400):
            desk._lines[line.connection["id"]].socket.send(ErrorFrame(code="x" * 60_000, message=str(place)))  # type: ignore[union-attr]
        while desk.is_attended(line.connection["id"]):
            await asyncio.sleep(0.02)
        program.socket.transport.abort()
    async with line.program() as program:
        await line.ring()
        await program.next("inbound_call")
