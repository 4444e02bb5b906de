"""The line that a brain answers: a manual connection of the developer's own, bound to a number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from saperly_server.cli.exits import Exit, Problem
from saperly_server.cli.server import Api

NAME = "saperly brain"


@dataclass(frozen=True, slots=True)
class Wired:
    """Who is connected to what."""

    connection_id: str
    secret: str
    number: str | None


def wire(api: Api, number: str | None, connection_id: str | None) -> Wired:
    """The connection, made if need be and switched to manual, with the number bound to it.

    Without `number`: the one that is bound to it already, else the only one that nobody answers, else none.
    """
    connection = _connection(api, connection_id)
    if connection["mode"] != "manual":
        connection = api.patch(f"/connections/{connection['id']}", {"mode": "manual"})
    if not connection["manualSecret"]:
        raise Problem("This key may not see the connection's secret.", fix="use a key with connections:write")
    return Wired(connection["id"], connection["manualSecret"], _bound(api, connection["id"], number))


def _connection(api: Api, connection_id: str | None) -> Any:
    if connection_id is not None:
        return api.get(f"/connections/{connection_id}")
    mine = next((one for one in api.everything("/connections") if one["name"] == NAME), None)
    return mine or api.post("/connections", {"name": NAME, "mode": "manual"})


def _bound(api: Api, connection_id: str, number: str | None) -> str | None:
    numbers = [one for one in api.everything("/numbers") if one["releasedAt"] is None]
    wanted = [one for one in numbers if number in (one["id"], one["phoneNumber"])]
    free = [one for one in numbers if one["connectionId"] is None]
    if number is not None and not wanted:
        raise Problem(f"{number} is none of your numbers.", fix="saperly numbers list", exit_code=Exit.NOT_FOUND)
    already = [one for one in numbers if one["connectionId"] == connection_id]
    chosen = next(iter(wanted or already or (free if len(free) == 1 else [])), None)
    if chosen is None:
        return None
    if chosen["connectionId"] != connection_id:
        api.post(f"/numbers/{chosen['id']}/connection", {"connectionId": connection_id})
    return str(chosen["phoneNumber"])
