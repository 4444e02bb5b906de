"""Who may be the brain of a connection: whoever knows its manual secret."""

from __future__ import annotations

from dataclasses import dataclass

from fastapi import WebSocket

from saperly_server import connections
from saperly_server.api.services import services_of
from saperly_server.connections import Mode
from saperly_server.core.crypto import same

_SUBPROTOCOL = "bearer."


@dataclass(frozen=True, slots=True)
class Entrance:
    """`subprotocol` is what the client offered the secret in, to be echoed; `mode` is the connection's."""

    is_open: bool
    subprotocol: str | None
    mode: Mode | None = None


async def admit(socket: WebSocket, connection_id: str) -> Entrance:
    """Look at the secret: in `Authorization: Bearer …` or, for browsers, in the subprotocol `bearer.…`."""
    services = services_of(socket)
    subprotocol = next((one for one in socket.scope["subprotocols"] if one.startswith(_SUBPROTOCOL)), None)
    offered = _offered(socket, subprotocol)
    async with services.db.system() as tx:
        door = await connections.manual_door(tx, connection_id, services.secrets)
    if door is None or not same(offered, door.secret):
        return Entrance(False, subprotocol)
    return Entrance(True, subprotocol, door.mode)


def _offered(socket: WebSocket, subprotocol: str | None) -> str:
    kind, _, secret = socket.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return secret.strip()
    return (subprotocol or "").removeprefix(_SUBPROTOCOL)
