"""Too many requests: what a client is told, and how it goes on."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx
import pytest
from saperly_carriers.clock import VirtualClock
from saperly_server.core.settings import Settings
from saperly_server.main import Process, build

from ..conftest import new_customer
from .wire import facts, outcome

PER_MINUTE = 6


@pytest.fixture
async def process(dsn: str, clock: VirtualClock) -> AsyncIterator[Process]:
    made = await build(Settings(mode="development", secret_key="test", requests_per_minute=PER_MINUTE), dsn, clock)
    yield made
    await made.services.close()


async def client_of(process: Process, *, key: bool = True) -> httpx.AsyncClient:
    secret = (await new_customer(process.services.db)).secret if key else "garbage"
    transport = httpx.ASGITransport(process.app, raise_app_exceptions=False)
    headers = {"Authorization": f"Bearer {secret}"}
    return httpx.AsyncClient(transport=transport, base_url="http://saperly.test", headers=headers)


async def test_every_answer_says_how_many_requests_are_left(process: Process) -> None:
    client = await client_of(process)
    left = [(await client.get("/numbers")).headers["ratelimit-remaining"] for _ in range(3)]
    assert left == ["5", "4", "3"]
    answer = await client.get("/numbers")
    assert (answer.headers["ratelimit-limit"], answer.headers["ratelimit-reset"]) == (str(PER_MINUTE), "0")


async def test_one_request_too_many_is_told_its_bucket_and_when_to_come_back(process: Process) -> None:
    client = await client_of(process)
    for _ in range(PER_MINUTE):
        assert (await client.get("/numbers")).status_code == 200
    refused = await client.get("/calls")
    assert outcome(refused) == (429, "RateLimited")
    assert facts(refused) == {"_tag": "RateLimited", "bucket": "read"}
    assert refused.headers["retry-after"] == refused.headers["ratelimit-reset"] == "10"
    assert refused.headers["ratelimit-remaining"] == "0"


async def test_after_the_time_in_retry_after_the_same_request_passes(process: Process, clock: VirtualClock) -> None:
    client = await client_of(process)
    for _ in range(PER_MINUTE):
        await client.get("/numbers")
    await clock.advance(int((await client.get("/numbers")).headers["retry-after"]))
    assert (await client.get("/numbers")).status_code == 200


async def test_reading_does_not_use_up_writing_nor_one_key_anothers_share(process: Process) -> None:
    client, other = await client_of(process), await client_of(process)
    for _ in range(PER_MINUTE + 1):
        last = await client.get("/numbers")
    assert last.status_code == 429
    assert (await client.post("/connections", json={"name": "a"})).status_code == 201
    assert (await other.get("/numbers")).status_code == 200


async def test_guessing_keys_is_limited_by_where_it_comes_from(process: Process) -> None:
    client = await client_of(process, key=False)
    answers = [outcome(await client.get("/numbers")) for _ in range(PER_MINUTE + 1)]
    assert answers == [(401, "Unauthorized")] * PER_MINUTE + [(429, "RateLimited")]


async def test_liveness_is_never_limited(process: Process) -> None:
    client = await client_of(process)
    assert {(await client.get("/health")).status_code for _ in range(PER_MINUTE * 3)} == {200}
