"""Folding what is asked at the same time into one call.

Items that arrive while a call is under way wait and go together in the next one. A lone item is never delayed, and who
asks for much does not keep others waiting: a call takes one item of every lane in turn.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Sequence
from typing import Any

import orjson

from .db import Database, again, is_unknown

Ask = Callable[[list[str]], Awaitable[Sequence[Any]]]
_Item = tuple[str, "asyncio.Future[Any]"]


class Batcher:
    """`ask` takes JSON documents and gives one answer each, in order. A failing item never fails its neighbours."""

    def __init__(self, ask: Ask, *, most: int = 64) -> None:
        self._ask = ask
        self._most = most
        self._lanes: OrderedDict[str, deque[_Item]] = OrderedDict()
        self._worker: asyncio.Task[None] | None = None

    async def add(self, document: str, lane: str = "") -> Any:
        """The answer to one item. The item is carried out even when the caller stops waiting. `lane` names who shares a turn:
        a workspace."""
        loop = asyncio.get_running_loop()
        answer: asyncio.Future[Any] = loop.create_future()
        self._lanes.setdefault(lane, deque()).append((document, answer))
        if self._worker is None or self._worker.done():
            self._worker = loop.create_task(self._drain())
        return await answer

    async def _drain(self) -> None:
        while batch := self._next():
            answers = await self._answers([document for document, _ in batch])
            for (_, future), answer in zip(batch, answers, strict=True):
                _resolve(future, answer)

    def _next(self) -> list[_Item]:
        batch: list[_Item] = []
        while self._lanes and len(batch) < self._most:
            lane, items = self._lanes.popitem(last=False)
            batch.append(items.popleft())
            if items:
                self._lanes[lane] = items
        return batch

    async def _answers(self, documents: list[str]) -> list[Any]:
        """One answer each. When the call fails as a whole each item is asked alone, so none suffers for another; unless it
        may have been carried out unheard: then that is the answer, and nothing is asked twice."""
        try:
            return list(await self._ask(documents))
        except Exception as error:
            if len(documents) == 1 or is_unknown(error):
                return [error for _ in documents]
            return [(await self._answers([document]))[0] for document in documents]


class Folded:
    """One of our SQL functions, called for many at once: it takes a JSON array of items and the instant, and gives an array
    with one answer each. A call that the database gives up for the sake of others is made again."""

    def __init__(self, db: Database, function: str) -> None:
        self._db = db
        self._statement = f"select {function}($1::jsonb, $2)"
        self._batcher = Batcher(self._ask)

    async def __call__(self, item: Any, lane: str = "") -> Any:
        """The answer to one item; `lane` as in `Batcher.add`."""
        return await self._batcher.add(orjson.dumps(item).decode(), lane)

    async def _ask(self, items: list[str]) -> Sequence[Any]:
        async def ask() -> Sequence[Any]:
            async with self._db.raw() as conn:
                answers: Sequence[Any] = await conn.fetchval(self._statement, f"[{','.join(items)}]", self._db.now())
                return answers

        return await again(ask)


def _resolve(future: asyncio.Future[Any], answer: Any) -> None:
    if future.done():
        return
    if isinstance(answer, Exception):
        future.set_exception(answer)
    else:
        future.set_result(answer)
