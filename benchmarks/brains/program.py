"""A customer's program: it holds a manual connection's socket and answers every event at once."""

from __future__ import annotations

import asyncio
import json
import sys

import uvloop
import websockets

from benchmarks.calls.callers import REPLY


async def think(url: str, connection_id: str, secret: str) -> None:
    bearer = {"Authorization": f"Bearer {secret}"}
    async with websockets.connect(url, additional_headers=bearer, compression=None, proxy=None) as socket:
        await socket.send(json.dumps({"type": "hello", "connectionId": connection_id, "protocolVersion": 1}))
        async for raw in socket:
            event = json.loads(raw)
            said = {"type": "speak", "text": REPLY if event["type"] == "turn" else "Hello, how can I help?"}
            if event["type"] != "call_ended":
                await socket.send(json.dumps({"type": "directive", "requestId": event["requestId"], "directive": said}))


if __name__ == "__main__":
    try:
        uvloop.run(think(*sys.argv[1:]))
    except (KeyboardInterrupt, asyncio.CancelledError, websockets.ConnectionClosed):
        sys.exit()
