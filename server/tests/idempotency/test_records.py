"""The records themselves: who may execute, for how long, and what is kept of it."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from saperly_carriers.clock import VirtualClock
from saperly_server.core.db import Database
from saperly_server.idempotency import (
    IdempotencyConflict,
    IdempotencyKeyMismatch,
    Scope,
    Stored,
    claim,
    finish,
    forget,
    forget_expired,
    scope_of,
)

from ..customers import Customer

REQUEST: dict[str, Any] = {"path": "/consent", "query": [], "body": {"a": 1, "b": [1, 2]}}


def _scope(customer: Customer, key: str = "k", request: Any = None) -> Scope:
    return scope_of(customer.tenant.workspace_id, customer.caller.key_id, "POST /x", key, request or REQUEST)


async def _claim(db: Database, customer: Customer, scope: Scope) -> Stored | None:
    async with db.tenant(customer.tenant) as tx:
        return await claim(tx, scope)


async def test_a_fingerprint_sees_values_and_neither_order_nor_space(customer: Customer) -> None:
    same = {"body": {"b": [1, 2], "a": 1}, "query": [], "path": "/consent"}
    assert _scope(customer, request=same) == _scope(customer)
    for body in ({"a": 1.0, "b": [1, 2]}, {"a": 1, "b": [2, 1]}, {"a": "1", "b": [1, 2]}, {"a": 1}, None):
        assert _scope(customer, request={**REQUEST, "body": body}) != _scope(customer)


async def test_an_unfinished_execution_is_taken_over_after_its_lease_by_one(
    db: Database, customer: Customer, clock: VirtualClock
) -> None:
    scope = _scope(customer)
    assert await _claim(db, customer, scope) is None
    await clock.advance(29.9)
    with pytest.raises(IdempotencyConflict):
        await _claim(db, customer, scope)
    await clock.advance(0.1)
    results = await asyncio.gather(*(_claim(db, customer, scope) for _ in range(6)), return_exceptions=True)
    assert results.count(None) == 1
    assert sum(isinstance(result, IdempotencyConflict) for result in results) == 5
    async with db.tenant(customer.tenant) as tx:
        stored = await finish(tx, scope, 201, b'{"n": 1}')
    assert stored == Stored(201, b'{"n": 1}')
    assert await _claim(db, customer, scope) == stored


async def test_the_first_answer_stays_and_a_finished_record_is_not_dropped(db: Database, customer: Customer) -> None:
    scope = _scope(customer)
    await _claim(db, customer, scope)
    async with db.tenant(customer.tenant) as tx:
        first = await finish(tx, scope, 201, b"1")
        assert await finish(tx, scope, 200, b"2") == first
        await forget(tx, scope)
    assert await _claim(db, customer, scope) == first
    with pytest.raises(IdempotencyKeyMismatch):
        await _claim(db, customer, replace(scope, fingerprint=b"another"))


async def test_an_execution_that_is_rolled_back_leaves_no_record(db: Database, customer: Customer) -> None:
    scope = _scope(customer)
    with pytest.raises(ZeroDivisionError):
        async with db.tenant(customer.tenant) as tx:
            await claim(tx, scope)
            raise ZeroDivisionError
    assert await _claim(db, customer, scope) is None


async def test_only_records_older_than_a_day_are_forgotten(
    db: Database, customer: Customer, clock: VirtualClock
) -> None:
    async def sweep() -> int:
        async with db.system() as tx:
            return await forget_expired(tx)

    await _claim(db, customer, _scope(customer, "old"))
    await clock.advance(3600)
    await _claim(db, customer, _scope(customer, "young"))
    await clock.advance(23 * 3600)
    assert await sweep() == 0
    await clock.advance(1)
    assert await sweep() == 1
    assert await _claim(db, customer, _scope(customer, "old")) is None
    assert await _claim(db, customer, _scope(customer, "young")) is None, "its lease has run out long ago"
