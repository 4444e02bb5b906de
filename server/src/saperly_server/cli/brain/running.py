"""From a wish to a brain at work."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

from saperly_server.cli.server import Server

from .session import Session, line, socket_url
from .thinkers import Thinker
from .wiring import Wired


def run(server: Server, wired: Wired, make: Callable[[str], Thinker], *, machine: bool) -> None:
    """Be the brain until interrupted. A Problem when the server does not want this one."""

    def show(kind: str, what: Any) -> None:
        print(json.dumps({kind: what}, ensure_ascii=False) if machine else line(kind, what), flush=True)

    async def hold() -> None:
        thinker, url = make(wired.secret), socket_url(server.base_url, wired.connection_id)
        try:
            await Session(url, wired.connection_id, wired.secret, thinker, show).hold()
        finally:
            await thinker.close()

    asyncio.run(hold())
