"""Speaking to a server in this process as its customers do."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx2
from fastapi import FastAPI


@dataclass(frozen=True, slots=True)
class Answer:
    """A response: `tag` is the error's, None for a success."""

    status: int
    body: Any
    raw: bytes
    headers: Mapping[str, str]

    @property
    def tag(self) -> str | None:
        return self.body.get("_tag") if isinstance(self.body, dict) else None

    def __str__(self) -> str:
        return f"{self.status} {self.tag or ''}".strip()


class Client:
    """Requests with one key."""

    def __init__(self, app: FastAPI, secret: str) -> None:
        transport = httpx2.ASGITransport(app, raise_app_exceptions=False)
        headers = {"Authorization": f"Bearer {secret}"}
        self._http = httpx2.AsyncClient(transport=transport, base_url="http://saperly.test", headers=headers)

    async def post(self, path: str, body: Any = None, idempotency_key: str | None = None) -> Answer:
        headers = {} if idempotency_key is None else {"Idempotency-Key": idempotency_key}
        return _answer(await self._http.post(path, json=body, headers=headers))

    async def get(self, path: str, **params: Any) -> Answer:
        return _answer(await self._http.get(path, params=params))


def _answer(response: httpx2.Response) -> Answer:
    return Answer(response.status_code, response.json(), response.content, response.headers)
