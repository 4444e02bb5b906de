"""Folding what is asked at the same time into one call.

Items that arrive while a call is under way wait and go together in the next one. A lone item is never delayed.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

Ask = Callable[[list[str]], Awaitable[Sequence[Any]]]


class Batcher:
    """`ask` takes JSON documents and gives one answer each, in order. A failing item never fails its neighbours."""

    def __init__(self, ask: Ask, *, most: int = 64) -> None:
        self._ask = ask
        self._most = most
        self._waiting: deque[tuple[str, asyncio.Future[Any]]] = deque()
        self._worker: asyncio.Task[None] | None = None

    async def add(self, document: str) -> Any:
        """The answer to one item. The item is carried out even when the caller stops waiting."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._waiting.append((document, answer))
        if self._worker is None or self._worker.done():
            self._worker = loop.create_task(self._drain())
        return await asyncio.shield(answer)

    async def _drain(self) -> None:
        while self._waiting:
            batch = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
            answers = await self._answers([document for document, _ in batch])
            for (_, future), answer in zip(batch, answers, strict=True):
                _resolve(future, answer)

    async def _answers(self, documents: list[str]) -> list[Any]:
        """One answer each. When the call fails as a whole each item is asked alone, so none suffers for another."""
        try:
            return list(await self._ask(documents))
        except Exception as error:
            if len(documents) == 1:
                return [error]
            return [(await self._answers([document]))[0] for document in documents]


def _resolve(future: asyncio.Future[Any], answer: Any) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
