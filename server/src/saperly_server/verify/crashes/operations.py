"""Every request of the public API that changes something, with what it needs to be sent and what it may leave."""

from __future__ import annotations

import asyncio
import io
import time
import wave
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from .home import PEER, Home
from .world import PATIENCE_SEC, Request, World

Prepare = Callable[[World, Home], Awaitable[Request]]


@dataclass(frozen=True, slots=True)
class Operation:
    """A mutating operation under its public name.

    `prepare` makes what it needs and gives the request. `settled`: its traces do not depend on when the server dies, so
    they must be those of an undisturbed run. `also` are answers that are right after a crash only.
    """

    name: str
    prepare: Prepare
    settled: bool = True
    also: frozenset[str] = frozenset()


def _plain(method: str, path: str, body: Any = None, **values: Callable[[Home], str]) -> Prepare:
    """A request whose path and body name things of the home."""

    async def prepare(world: World, home: Home) -> Request:
        names = {name: value(home) for name, value in values.items()}
        filled = {key: names.get(str(value), value) for key, value in body.items()} if body is not None else None
        return Request(method, path.format(**names), filled)

    return prepare


def _line(home: Home) -> str:
    return home.line


def _spare(home: Home) -> str:
    return home.spare


def _connection(home: Home) -> str:
    return home.connection


async def _a_connection(world: World, home: Home) -> Request:
    made = await world.expect(Request("POST", "/connections", {"name": "to go"}))
    await world.expect(Request("POST", f"/numbers/{home.spare}/connection", {"connectionId": made["id"]}))
    return Request("DELETE", f"/connections/{made['id']}")


async def _a_voice(world: World, home: Home) -> Request:
    return Request("POST", "/custom-voices", _VOICE, files={"audio": ("a.wav", _silence(), "audio/wav")})


async def _an_old_voice(world: World, home: Home) -> Request:
    made = await world.expect(
        Request("POST", "/custom-voices", _VOICE, "upload", {"audio": ("a.wav", _silence(), "audio/wav")})
    )
    return Request("DELETE", f"/custom-voices/{made['id']}")


async def _a_key(world: World, home: Home) -> Request:
    made = await world.expect(Request("POST", "/api-tokens", {"name": "to go", "scopes": ["read"]}))
    return Request("POST", f"/api-tokens/{made['id']}/revoke", {})


async def _a_consent(world: World, home: Home) -> Request:
    pair = {**_CONSENT, "numberId": home.line}
    await world.expect(Request("POST", "/consent", {**pair, "consentType": "explicit_outbound", "source": "form"}))
    return Request("POST", "/consent/revoke", pair)


async def talking(world: World, home: Home) -> str:
    """A call that is answered and whose disclosure has been said; its id."""
    call = await world.expect(Request("POST", "/calls", {"fromNumberId": home.line, "to": PEER}))
    deadline = time.monotonic() + PATIENCE_SEC
    while not any(kind == "heard" and data["complete"] for kind, data in await world.evidence()):
        if time.monotonic() > deadline:
            raise world.broken("nobody hears the disclosure")
        await asyncio.sleep(0.02)
    return str(call["id"])


async def _a_call_to_end(world: World, home: Home) -> Request:
    return Request("POST", f"/calls/{await talking(world, home)}/end", {})


async def _a_call_to_transfer(world: World, home: Home) -> Request:
    return Request("POST", f"/calls/{await talking(world, home)}/transfer", {"to": "+15005551013"})


_CONSENT = {"numberId": "number", "peerNumber": "+15555550199"}
_NOT_STARTED = frozenset({"CallStartFailed"})
_VOICE = {"name": "Ada", "language": "en", "gender": "female"}

OPERATIONS: tuple[Operation, ...] = (
    Operation(
        "messaging.send",
        _plain(
            "POST", "/messages", {"fromNumberId": "number", "to": PEER, "body": "Your table is free."}, number=_line
        ),
    ),
    Operation(
        "voice.place",
        _plain("POST", "/calls", {"fromNumberId": "number", "to": PEER}, number=_line),
        False,
        _NOT_STARTED,
    ),
    Operation("numbers.provision", _plain("POST", "/numbers", {"areaCode": "415"})),
    Operation("keys.mint", _plain("POST", "/api-tokens", {"name": "agent", "scopes": ["read"]})),
    Operation("keys.revoke", _a_key),
    Operation("voice.end", _a_call_to_end, False),
    Operation("voice.transfer", _a_call_to_transfer, False, _NOT_STARTED),
    Operation(
        "consent.record",
        _plain("POST", "/consent", {**_CONSENT, "consentType": "explicit_outbound", "source": "form"}, number=_line),
    ),
    Operation("consent.revoke", _a_consent),
    Operation(
        "numbers.assignConnectionById",
        _plain(
            "POST",
            "/numbers/connection",
            {"numberId": "number", "connectionId": "handler"},
            number=_spare,
            handler=_connection,
        ),
    ),
    Operation(
        "numbers.assignConnection",
        _plain("POST", "/numbers/{number}/connection", {"connectionId": "handler"}, number=_spare, handler=_connection),
    ),
    Operation(
        "numbers.setWebhook",
        _plain("POST", "/numbers/{number}/webhook", {"url": "https://example.com/h"}, number=_line),
    ),
    Operation(
        "numbers.setSmsSenderId", _plain("POST", "/numbers/{number}/sms-sender", {"smsSenderId": "Acme"}, number=_line)
    ),
    Operation(
        "numbers.setCallerIdName", _plain("POST", "/numbers/{number}/caller-id", {"callerIdName": "Acme"}, number=_line)
    ),
    Operation("connections.create", _plain("POST", "/connections", {"name": "sales"})),
    Operation("connections.update", _plain("PATCH", "/connections/{handler}", {"name": "sales"}, handler=_connection)),
    Operation("connections.delete", _a_connection),
    Operation("customVoices.create", _a_voice),
    Operation("customVoices.delete", _an_old_voice),
    Operation("numbers.release", _plain("POST", "/numbers/{number}/release", {}, number=_spare)),
)


def _silence() -> bytes:
    """A second of it, as WAV."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(8000)
        out.writeframes(b"\0\0" * 8000)
    return file.getvalue()
