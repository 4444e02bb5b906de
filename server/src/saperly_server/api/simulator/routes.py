"""`/simulator/phone`, the telephone's socket, and `/simulator/texts` for those who only want to text."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import Annotated

import orjson
from fastapi import APIRouter, FastAPI, Request, WebSocket
from pydantic import Field
from saperly_carriers.simulated import Network
from starlette.websockets import WebSocketDisconnect

from saperly_server.api.http.auth import needs
from saperly_server.api.http.body import Instant, PhoneNumber, ResponseBody
from saperly_server.api.services import services_of
from saperly_server.core.errors import ValidationError
from saperly_server.identity import AuthorizationDenied, Caller, Unauthorized

from .frames import MOST_CHARS, Frame, TextBody, Unreadable, parse
from .lines import Lines
from .reach import Reach
from .telephone import CannotDo, Send, Telephone, text

_NO_KEY, _LIVE_KEY, _TOO_BIG = 4401, 4403, 1009
_ONLY_TEST_KEYS = "The telephone of the simulated network takes test keys only."

router = APIRouter(prefix="/simulator", include_in_schema=False)


def install(app: FastAPI) -> None:
    """Mount the telephone on the application's simulated network."""
    app.state.telephone_lines = Lines()
    app.include_router(router)


def _only_test(caller: Caller) -> None:
    if caller.tenant.environment != "test":
        raise AuthorizationDenied(_ONLY_TEST_KEYS)


AnyKey = Annotated[Caller, needs()]


class Accepted(ResponseBody):
    """The network has the text; what becomes of it is seen in `/messages`."""

    status: str = "accepted"


class ReceivedBody(ResponseBody):
    """A text on a person's telephone."""

    from_: Annotated[str, Field(alias="from")]
    to: str
    body: str
    received_at: Instant


@router.post("/texts", status_code=202)
async def send_text(request: Request, caller: AnyKey, body: TextBody) -> Accepted:
    """A person texts one of the platform's numbers."""
    _only_test(caller)
    try:
        await text(_network(request), Reach(services_of(request), caller.tenant.workspace_id), body)
    except (CannotDo, ValueError) as refused:
        path = "to" if isinstance(refused, CannotDo) else "from"
        raise ValidationError(str(refused), [{"path": path, "message": str(refused)}]) from refused
    return Accepted()


@router.get("/texts")
async def inbox(request: Request, caller: AnyKey, number: PhoneNumber) -> list[ReceivedBody]:
    """What a person has received from this workspace's numbers since the server started, the oldest first."""
    _only_test(caller)
    reach = Reach(services_of(request), caller.tenant.workspace_id)
    texts = await reach.own_texts(tuple(_network(request).inbox(number)))
    return [ReceivedBody(from_=one.sender, to=one.to, body=one.text, received_at=one.received_at) for one in texts]


@router.websocket("/phone")
async def phone(socket: WebSocket) -> None:
    """One telephone for as long as the socket is open; closing it hangs up."""
    await socket.accept()
    send = _sender(socket)
    caller = await _admit(socket, send)
    if caller is None:
        return
    reach = Reach(services_of(socket), caller.tenant.workspace_id)
    telephone = Telephone(_network(socket), reach, socket.app.state.telephone_lines, send)
    try:
        await _serve(socket, caller, telephone, send)
    finally:
        await telephone.close()


def _sender(socket: WebSocket) -> Send:
    """Sends one frame at a time; what is sent to a closed socket is lost, like words to a dead line."""
    one_at_a_time = asyncio.Lock()

    async def send(frame: Frame) -> None:
        async with one_at_a_time:
            with suppress(RuntimeError, WebSocketDisconnect):
                await socket.send_text(orjson.dumps(frame).decode())

    return send


async def _admit(socket: WebSocket, send: Send) -> Caller | None:
    """The caller behind the socket's test key. Anybody else is told why, and the socket is closed."""
    kind, _, secret = socket.headers.get("authorization", "").partition(" ")
    try:
        if kind.lower() != "bearer":
            raise Unauthorized
        caller = await services_of(socket).keys.authenticate(secret.strip())
        _only_test(caller)
    except (Unauthorized, AuthorizationDenied) as refused:
        await send({"type": "error", "message": refused.message})
        await socket.close(_NO_KEY if isinstance(refused, Unauthorized) else _LIVE_KEY, refused.tag)
        return None
    return caller


async def _serve(socket: WebSocket, caller: Caller, telephone: Telephone, send: Send) -> None:
    limiter = services_of(socket).limiter
    while True:
        message = await socket.receive()
        if message["type"] == "websocket.disconnect":
            return
        said = message.get("text")
        if len(said or message.get("bytes") or "") > MOST_CHARS:
            await send({"type": "error", "message": f"A frame has at most {MOST_CHARS} characters."})
            await socket.close(_TOO_BIG)
            return
        if not limiter.take(caller.key_id, "simulator").allowed:
            await send({"type": "error", "message": "Too many frames; wait a moment."})
            continue
        try:
            await telephone.do(parse(said or ""))
        except (Unreadable, CannotDo) as refused:
            await send({"type": "error", "message": str(refused)})


def _network(connection: Request | WebSocket) -> Network:
    network: Network = connection.app.state.network
    return network
