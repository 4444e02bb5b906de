"""Who may be the brain of a connection: whoever knows its manual secret."""

from __future__ import annotations

import re
from dataclasses import dataclass

from fastapi import WebSocket

from saperly_server import connections
from saperly_server.api.services import services_of
from saperly_server.core.crypto import same

_SUBPROTOCOL = "bearer."
_ID = re.compile(r"[A-Za-z0-9_]{1,64}")


@dataclass(frozen=True, slots=True)
class Entrance:
    """`subprotocol` is what the client offered the secret in, to be echoed."""

    is_open: bool
    subprotocol: str | None


async def admit(socket: WebSocket, connection_id: str) -> Entrance:
    """Look at the secret: in `Authorization: Bearer …` or, for browsers, in the subprotocol `bearer.…`."""
    services = services_of(socket)
    subprotocol = next((one for one in socket.scope["subprotocols"] if one.startswith(_SUBPROTOCOL)), None)
    offered = _offered(socket, subprotocol)
    if not offered or _ID.fullmatch(connection_id) is None:
        return Entrance(False, subprotocol)
    async with services.db.system() as tx:
        door = await connections.manual_door(tx, connection_id, services.secrets)
    return Entrance(door is not None and same(offered, door.secret), subprotocol)


def _offered(socket: WebSocket, subprotocol: str | None) -> str:
    kind, _, secret = socket.headers.get("authorization", "").partition(" ")
    if kind.lower() == "bearer":
        return secret.strip()
    return (subprotocol or "").removeprefix(_SUBPROTOCOL)
