"""A URL as a brain, asked as the server itself would ask it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import httpx2
from saperly_protocol import ProtocolError, parse_reply

from saperly_server.voice import signed

from .contracts import ANSWER_WITHIN_SEC, Broken, Directive, Event


class UrlThinker:
    """A URL that is asked as the server would ask it: one signed POST for each event."""

    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret
        self._client = httpx2.AsyncClient(timeout=ANSWER_WITHIN_SEC, trust_env=False)

    async def think(self, event: Event) -> Directive:
        body = json.dumps({"event": event}, ensure_ascii=False, separators=(",", ":")).encode()
        headers = {"content-type": "application/json", **signed(self._secret, body, datetime.now(UTC))}
        try:
            response = await self._client.post(self._url, content=body, headers=headers)
        except httpx2.HTTPError as error:
            raise Broken(f"{self._url}: {error or type(error).__name__}") from error
        if response.status_code != 200:
            raise Broken(f"{self._url} answered {response.status_code}")
        try:
            return parse_reply(response.content, event["requestId"]).to_wire()
        except ProtocolError as error:
            raise Broken(f"{self._url}: {error}") from error

    async def close(self) -> None:
        await self._client.aclose()
