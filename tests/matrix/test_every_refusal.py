"""Every mutating operation × every way to be refused: nothing is remembered, no money moves, and the key stays usable."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

import httpx
import pytest
from saperly_server.api import create_app
from saperly_server.core.rate_limit import Decision

from .house import House, Place, words_of
from .test_every_write import REPLAYED, every_write, told
from .writes import UNREACHABLE, WRITES, Upload, Write

MONEY = ("accounts", "holds", "ledger_entries", "key_spend")
UNTOUCHED = (*MONEY, "carrier_operations", "idempotency_records")
NOBODYS = "none_01J0000000000000000000000"
TOO_LARGE = b'{"a":"' + b"x" * 7_000_000 + b'"}'
UNREADABLE = {"nothing": b"", "half an object": b'{"name":', "a list": b"[]", "an unknown member": b'{"surprise":1}'}
FAILING = [write for write in WRITES if write.fails is not None]
PAID = [write for write in FAILING if write.operation != "voice.transfer"]

Refusals = dict[str, tuple[int, httpx.Response]]
"""What was tried, the status it must get, and the answer."""


class NoMore:
    """A rate limit that is used up."""

    def take(self, who: str, bucket: str) -> Decision:
        return Decision(allowed=False, limit=1, remaining=0, retry_after_sec=60)


@asynccontextmanager
async def _exhausted(place: Place) -> AsyncIterator[httpx.AsyncClient]:
    """The same server for the same key, which has made all the requests that it may."""
    process = place.house.stage.process
    app = create_app(replace(process.services, limiter=NoMore()), process.network, "0")
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://x", headers=place.client.headers) as client:
        yield client


async def _by_credential(place: Place, write: Write, key: str) -> Refusals:
    minted = await place.post("/api-tokens", {"name": "reader", "scopes": ["read"]})
    async with (
        place.house.stage.client_with(None) as nobody,
        place.house.stage.client_with(minted["key"]) as reader,
        _exhausted(place) as exhausted,
    ):
        return {
            "no credential": (401, await place.send(write, key, client=nobody)),
            "no scope": (403, await place.send(write, key, client=reader)),
            "too often": (429, await place.send(write, key, client=exhausted)),
        }


async def _by_body(place: Place, write: Write, key: str) -> Refusals:
    kind = "multipart/form-data; boundary=b" if isinstance(write.body, Upload) else "application/json"
    headers = {"Idempotency-Key": key, "Content-Type": kind}

    async def post(content: bytes) -> httpx.Response:
        path = place.filled(write.path)
        return await place.house.stage.during(
            place.client.request(write.method, path, content=content, headers=headers)
        )

    bodies = UNREADABLE if write.body is not None else {}
    if write.operation in ("numbers.provision", "voice.end"):
        bodies = {name: body for name, body in bodies.items() if name != "nothing"}
    refused = {name: (400, await post(body)) for name, body in bodies.items()}
    return {**refused, "too large": (413, await post(TOO_LARGE))}


async def _by_id(place: Place, write: Write, key: str) -> Refusals:
    """The things that the request names are nobody's. A new key may name any numbers: it can use those that are there."""
    if write.operation == "keys.mint" or not {*words_of(write.path), *words_of(write.body)}:
        return {}
    nothing = replace(place, things=dict.fromkeys(place.things, NOBODYS))
    status = 403 if write.operation == "keys.revoke" else 404
    return {"nobody's id": (status, await nothing.send(write, key))}


@every_write
async def test_what_is_refused_before_it_is_done_leaves_no_trace_and_the_key_free(house: House, write: Write) -> None:
    place = await house.place(write)
    before = await place.content(*UNTOUCHED)
    for refuse in (_by_credential, _by_body, _by_id):
        for name, (status, answer) in (await refuse(place, write, "free")).items():
            assert answer.status_code == status, (name, answer.text)
            assert set(answer.json()) >= {"_tag", "fix", "docUrl", "requestId"}, name
    assert await place.content(*UNTOUCHED) == before
    done = await place.send(write, "free")
    assert done.status_code == write.status and REPLAYED not in done.headers, done.text


@pytest.mark.parametrize("write", FAILING, ids=str)
async def test_a_refusal_of_the_network_is_told_and_not_remembered(house: House, write: Write) -> None:
    place = await house.place(write)
    await place.allow(UNREACHABLE)
    before = await place.content(*MONEY[:1], "idempotency_records")
    for _ in range(2):
        failed = await place.send(write, "fails", **(write.fails or {}))
        assert failed.status_code == 502 and REPLAYED not in failed.headers, failed.text
    assert (await place.content("idempotency_records")) == {"idempotency_records": before["idempotency_records"]}
    done = await place.send(write, "fails")
    assert done.status_code == write.status and REPLAYED not in done.headers, done.text


@pytest.mark.parametrize("write", PAID, ids=str)
async def test_a_refusal_for_want_of_money_moves_none_and_is_not_remembered(house: House, write: Write) -> None:
    free_of_charge = {"first": "{line}"} if write.operation == "numbers.provision" else None
    place = await house.place(replace(write, other=free_of_charge), cents=0)
    before = await place.content(*UNTOUCHED)
    for _ in range(2):
        refused = await place.send(write, "poor")
        assert told([refused]) == {(402, "InsufficientFunds")}
    assert await place.content(*UNTOUCHED) == before


@pytest.mark.parametrize("write", PAID[1:], ids=str)
async def test_a_refusal_for_want_of_consent_moves_no_money_and_is_not_remembered(house: House, write: Write) -> None:
    place = await house.place(write)
    before = await place.content(*UNTOUCHED)
    stranger: dict[str, Any] = {"to": "+15555550177"}
    refused = [await place.send(write, "unasked", **stranger) for _ in range(2)]
    assert told(refused) == {(403, "ConsentRequired")}
    assert await place.content(*UNTOUCHED) == before
    await place.allow(stranger["to"])
    assert (await place.send(write, "unasked", **stranger)).status_code == write.status
