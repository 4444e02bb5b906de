"""Folding concurrent asks into one call."""

from __future__ import annotations

import asyncio
from typing import Any

import asyncpg
import pytest
from saperly_server.core.batch import Batcher


async def test_a_lone_item_is_asked_at_once() -> None:
    calls: list[list[str]] = []

    async def ask(items: list[str]) -> list[Any]:
        calls.append(items)
        return [item.upper() for item in items]

    assert await Batcher(ask).add("a") == "A"
    assert calls == [["a"]]


async def test_what_is_asked_during_a_call_goes_together_in_the_next() -> None:
    calls: list[list[str]] = []
    gate = asyncio.Event()

    async def ask(items: list[str]) -> list[Any]:
        calls.append(items)
        await gate.wait()
        return items

    batcher = Batcher(ask)
    first = asyncio.ensure_future(batcher.add("first"))
    while not calls:
        await asyncio.sleep(0)
    rest = [asyncio.ensure_future(batcher.add(str(place))) for place in range(5)]
    await asyncio.sleep(0)
    gate.set()
    assert await asyncio.gather(first, *rest) == ["first", "0", "1", "2", "3", "4"]
    assert calls == [["first"], ["0", "1", "2", "3", "4"]]


async def test_a_batch_is_never_larger_than_allowed() -> None:
    sizes: list[int] = []

    async def ask(items: list[str]) -> list[Any]:
        sizes.append(len(items))
        return items

    await asyncio.gather(*(Batcher(ask, most=3).add("x") for _ in range(1)))
    batcher = Batcher(ask, most=3)
    await asyncio.gather(*(batcher.add("x") for _ in range(10)))
    assert max(sizes) <= 3
    assert sum(sizes) == 11


async def test_who_asks_for_much_does_not_keep_others_waiting() -> None:
    asked: list[list[str]] = []

    async def ask(items: list[str]) -> list[str]:
        asked.append(items)
        await asyncio.sleep(0)
        return items

    batcher = Batcher(ask, most=4)
    crowd = [batcher.add(f"crowd {n}", "crowd") for n in range(20)]
    await asyncio.gather(*crowd, batcher.add("one", "one"), batcher.add("other", "other"))
    assert asked[0] == ["crowd 0", "one", "other", "crowd 1"]
    assert [item for items in asked for item in items if item.startswith("crowd")] == [f"crowd {n}" for n in range(20)]


async def test_a_failing_item_never_fails_its_neighbours() -> None:
    async def ask(items: list[str]) -> list[Any]:
        if "bad" in items:
            raise ValueError("bad")
        return items

    batcher = Batcher(ask)
    answers = await asyncio.gather(*(batcher.add(item) for item in ("a", "bad", "b")), return_exceptions=True)
    assert answers[0] == "a"
    assert answers[2] == "b"
    assert isinstance(answers[1], ValueError)


@pytest.mark.parametrize("broken", [asyncpg.ConnectionDoesNotExistError(), ConnectionResetError()])
async def test_what_may_have_been_committed_unheard_is_not_asked_again(broken: Exception) -> None:
    asked: list[str] = []

    async def ask(items: list[str]) -> list[Any]:
        asked.extend(items)
        raise broken

    batcher = Batcher(ask)
    answers = await asyncio.gather(*(batcher.add(item) for item in ("a", "b", "c")), return_exceptions=True)
    assert answers == [broken] * 3
    assert asked == ["a", "b", "c"]


async def test_an_item_is_carried_out_even_when_its_caller_gives_up() -> None:
    done: list[str] = []
    gate = asyncio.Event()

    async def ask(items: list[str]) -> list[Any]:
        await gate.wait()
        done.extend(items)
        return items

    caller = asyncio.ensure_future(Batcher(ask).add("kept"))
    await asyncio.sleep(0)
    caller.cancel()
    with pytest.raises(asyncio.CancelledError):
        await caller
    gate.set()
    while not done:
        await asyncio.sleep(0)
    assert done == ["kept"]
