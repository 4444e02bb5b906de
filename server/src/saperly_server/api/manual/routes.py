"""The socket's life: who may open it, the handshake, directives until it is closed."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter, WebSocket
from saperly_protocol import DirectiveFrame, ErrorFrame, Hello, ProtocolError, parse_client_frame
from starlette.websockets import WebSocketDisconnect

from saperly_server import connections
from saperly_server.api.services import Services, services_of
from saperly_server.connections import Mode
from saperly_server.voice import complaint

from .entrance import admit
from .outlet import Outlet

BAD_HELLO, BAD_SECRET, TOO_BIG = 4400, 4401, 1009
HELLO_WITHIN_SEC = 10.0
MOST_CHARS = 65_536
"""The longest frame that is read."""

router = APIRouter(include_in_schema=False)


@router.websocket("/manual/{connection_id}/ws")
async def socket(socket: WebSocket, connection_id: str) -> None:
    """One program for as long as the socket is open."""
    entrance = await admit(socket, connection_id)
    await socket.accept(subprotocol=entrance.subprotocol)
    if not entrance.is_open:
        await socket.close(BAD_SECRET, "The secret is not this connection's.")
        return
    try:
        if await _greeted(socket, connection_id):
            await _attend(socket, connection_id)
    except (WebSocketDisconnect, RuntimeError):
        return  # closed, by them or by us, while it was read or written


async def _greeted(socket: WebSocket, connection_id: str) -> bool:
    """Was the first frame a `hello` for this connection? Otherwise, and when none comes, the socket is closed."""
    timer = services_of(socket).clock.call_later(HELLO_WITHIN_SEC, lambda: socket.close(BAD_HELLO, "No hello came."))
    try:
        hello = parse_client_frame(await _frame(socket))
    except ProtocolError:
        hello = None
    finally:
        timer.cancel()
    if isinstance(hello, Hello) and hello.connection_id == connection_id:
        return True
    await socket.close(
        BAD_HELLO, "The first frame must be a hello, with the connectionId of the address and version 1."
    )
    return False


async def _attend(socket: WebSocket, connection_id: str) -> None:
    """Be the brain's socket until it ends, by either side."""
    services = services_of(socket)
    outlet = Outlet(socket, lambda: services.limiter.take(connection_id, "manual_mistakes").allowed)
    services.desk.attach(connection_id, outlet)
    try:
        await _look_again(services, connection_id, outlet)
        while outlet.is_open:
            mistake = _taken(services, connection_id, outlet, await _frame(socket))
            if mistake is not None:
                outlet.send(mistake)
            await asyncio.sleep(0)  # a program that sends without end keeps nobody else waiting
        await outlet.closed()
    except asyncio.CancelledError:
        if outlet.is_open:
            raise
    finally:
        services.desk.detach(connection_id, outlet)
        outlet.end()


async def _look_again(services: Services, connection_id: str, outlet: Outlet) -> None:
    """Time has passed since the secret was looked at: the connection may be gone, or not be manual."""
    async with services.db.system() as tx:
        door = await connections.manual_door(tx, connection_id, services.secrets)
    if door is None:
        services.desk.drop(connection_id)
    elif door.mode is not Mode.MANUAL:
        message = "This connection is hosted: its calls come here once its mode is manual."
        outlet.send(ErrorFrame(code="not_manual", message=message))


def _taken(services: Services, connection_id: str, outlet: Outlet, raw: str) -> ErrorFrame | None:
    """Take a frame to the call that it is for; what is wrong with it, if anything is."""
    try:
        frame = parse_client_frame(raw)
    except ProtocolError as error:
        return error.to_frame()
    if not isinstance(frame, DirectiveFrame):
        return ErrorFrame(code="unexpected_hello", message="One hello is enough.")
    why = services.desk.answer(connection_id, outlet, frame)
    return None if why is None else complaint(frame.request_id, why)


async def _frame(socket: WebSocket) -> str:
    """The next frame; a binary one is read as text. WebSocketDisconnect at the end, also for one that is too long."""
    message = await socket.receive()
    if message["type"] == "websocket.disconnect":
        raise WebSocketDisconnect(message.get("code", 1005))
    text: str | None = message.get("text")
    raw = text if text is not None else message.get("bytes", b"").decode("utf-8", "replace")
    if len(raw) > MOST_CHARS:
        await socket.close(TOO_BIG, f"A frame has at most {MOST_CHARS} characters.")
        raise WebSocketDisconnect(TOO_BIG)
    return raw
