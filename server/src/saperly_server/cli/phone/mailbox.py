"""Watching the texts that a person receives. Others may call and text as that person meanwhile."""

from __future__ import annotations

import json
import time
from typing import Any

from saperly_server.cli.output import say, spaced
from saperly_server.cli.server import Api, Server

_EVERY_SEC = 0.5


def follow(server: Server, number: str, most: int, *, machine: bool) -> None:
    """Print each new text until there were `most` (0: for ever)."""
    api = Api(server, test=True)
    known = _texts(api, number)
    if not machine:
        say(f"Waiting for texts to {spaced(number)}. Ctrl+C ends it.")
    shown = 0
    while not most or shown < most:
        time.sleep(_EVERY_SEC)
        texts = _texts(api, number)
        for text in texts:
            if text not in known:
                shown += 1
                _show(text, machine=machine)
        known = texts


def _texts(api: Api, number: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = api.get("/simulator/texts", number=number)
    return found


def _show(text: dict[str, str], *, machine: bool) -> None:
    print(json.dumps(text, ensure_ascii=False) if machine else f"{spaced(text['from'])}: {text['body']}", flush=True)
