"""Requests that go through the gate (calls, messages, numbers): their answer is remembered when the network's is known."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

from pydantic import BaseModel
from starlette.responses import Response

from saperly_server import idempotency
from saperly_server.core.errors import SaperlyError
from saperly_server.gate import Repeated
from saperly_server.identity import Caller

from .idempotent import Write, answer, dumped

T = TypeVar("T")


async def admitted(
    write: Write,
    caller: Caller,
    admit: Callable[[idempotency.Scope | None], Awaitable[T | Repeated]],
    outcome: Callable[[str], Awaitable[T | None]],
    render: Callable[[T], BaseModel],
) -> Response:
    """201 with what was made. A repetition gets the first answer; 409 while there is none.

    `outcome` finds what an earlier request made, once the network has answered for it. A failure of the network is not
    remembered: the same key may try again.
    """
    scope = write.scope(caller)
    repeated = False
    try:
        made = await admit(scope)
        if isinstance(made, Repeated):
            if made.status is not None and made.body is not None:
                return answer(made.status, made.body, replayed=True)
            repeated = True
            found = await outcome(made.resource_id)
            if found is None:
                raise idempotency.IdempotencyConflict
            made = found
    except SaperlyError as error:
        if scope is not None and error.resource_id is not None:
            async with write.db.tenant(caller.tenant) as tx:
                await idempotency.forget(tx, scope, error.resource_id)
        raise
    return await _remember(write, caller, scope, dumped(render(made)), replayed=repeated)


async def _remember(
    write: Write, caller: Caller, scope: idempotency.Scope | None, body: bytes, *, replayed: bool
) -> Response:
    if scope is None:
        return answer(201, body)
    async with write.db.tenant(caller.tenant) as tx:
        stored = await idempotency.finish(tx, scope, 201, body)
    return answer(stored.status, stored.body, replayed=replayed)
