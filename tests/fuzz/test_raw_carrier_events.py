"""Requests at the carriers' door that no carrier sends: refused by type or kept without effect, never an error of ours."""

from __future__ import annotations

import hmac
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from random import Random

import httpx
import pytest
from saperly_carriers.port import RawRequest
from saperly_carriers.simulated.signing import SIGNATURE_HEADER, TIMESTAMP_HEADER, Signer
from saperly_server.doctor import examine
from sqlalchemy import text

from server.tests.stage import Stage

from .mutations import DAMAGES, strange_member
from .neighbours import workspace

DOOR = "/carrier-events/simulated"
_EFFECTS = ("messages", "consents", "suppressions", "numbers", "calls", "holds", "ledger_entries", "accounts")


@dataclass(slots=True)
class Door:
    """The door, with everything genuine that has come through it."""

    stage: Stage
    signer: Signer
    genuine: list[RawRequest] = field(default_factory=list)
    statuses: set[int] = field(default_factory=set)

    async def knock(self, body: bytes, headers: dict[str, str]) -> httpx.Response:
        async with self.stage.client_with(None) as carrier:
            pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
            answer = await carrier.post(DOOR, content=body, headers=pairs)
        self.statuses.add(answer.status_code)
        assert answer.status_code < 500, (body[:300], headers, answer.text)
        if answer.is_error:
            assert set(answer.json()) >= {"_tag", "fix", "docUrl", "requestId"}
        return answer

    async def signed(self, body: bytes) -> httpx.Response:
        return await self.knock(body, dict(self.signer.request(body, self.stage.clock.now()).headers))

    async def rows(self) -> dict[str, list[str]]:
        """What an event could have changed."""
        async with self.stage.process.services.db.system() as tx:
            return {
                table: sorted(str(row[0]) for row in await tx.all(text(f"select to_jsonb(t) from {table} t")))
                for table in _EFFECTS
            }

    async def kept(self) -> int:
        async with self.stage.process.services.db.system() as tx:
            return int(await tx.scalar(text("select count(*) from carrier_events")))


@pytest.fixture
async def door(stage: Stage) -> Door:
    """After a day's work: calls, texts and orders, all of them over."""
    found = Door(stage, Signer(stage.network.signing_key))
    deliver = stage.network.deliver
    assert deliver is not None

    async def listen(request: RawRequest) -> None:
        found.genuine.append(request)
        await deliver(request)

    stage.network.deliver = listen
    someone = await workspace(stage, "violet", "+15555550123")
    await someone.furnish()
    await someone.hang_up()
    await stage.clock.advance(60)
    stage.process.worker.stop()
    assert {json.loads(one.body)["type"] for one in found.genuine} >= {"call.ended", "message.received", "number.order"}
    return found


async def test_without_a_good_signature_nothing_is_read(door: Door) -> None:
    before, kept = await door.rows(), await door.kept()
    for one in door.genuine[:12]:
        for headers in _bad_headers(door, one):
            answer = await door.knock(one.body, headers)
            assert (answer.status_code, answer.json()["_tag"]) == (401, "Unauthorized"), headers
    assert (await door.rows(), await door.kept()) == (before, kept)


def _bad_headers(door: Door, one: RawRequest) -> Sequence[dict[str, str]]:
    now = door.stage.clock.now()
    good = dict(door.signer.request(one.body, now).headers)
    forged = dict(door.signer.request(one.body, now, forged=True).headers)
    other_body = dict(door.signer.request(one.body + b" ", now).headers)
    stamps = ("", "-1", "0", "now", "1e9", "9" * 400, "²", "9" * 5_000, good[TIMESTAMP_HEADER] + " 1")
    signatures = ("", "0" * 64, good[SIGNATURE_HEADER].upper(), good[SIGNATURE_HEADER] + "0", "é", "x" * 8_000)
    return [
        {},
        {SIGNATURE_HEADER: good[SIGNATURE_HEADER]},
        {TIMESTAMP_HEADER: good[TIMESTAMP_HEADER]},
        forged,
        other_body,
        *({**good, TIMESTAMP_HEADER: stamp} for stamp in stamps),
        *({**good, SIGNATURE_HEADER: signature} for signature in signatures),
    ]


async def test_a_good_signature_of_another_time_is_refused(door: Door) -> None:
    body, key = door.genuine[0].body, door.stage.network.signing_key
    for stamp in ("0", "1", "9" * 20, "9" * 400, "9" * 5_000, "-1", "1.5", "", "٣"):
        signature = hmac.new(key, stamp.encode() + b"." + body, sha256).hexdigest()
        answer = await door.knock(body, {SIGNATURE_HEADER: signature, TIMESTAMP_HEADER: stamp})
        assert answer.status_code == 401, stamp


async def test_a_body_that_was_changed_on_the_way_is_refused(door: Door) -> None:
    before, kept = await door.rows(), await door.kept()
    rng = Random(1)
    for name, damage in DAMAGES.items():
        one = rng.choice(door.genuine)
        headers = dict(door.signer.request(one.body, door.stage.clock.now()).headers)
        changed = damage(rng, one.body)
        answer = await door.knock(changed, headers)
        assert answer.status_code == (413 if len(changed) > 1_048_576 else 401) or changed == one.body, name
    assert (await door.rows(), await door.kept()) == (before, kept)


async def test_everything_again_in_any_order_changes_nothing(door: Door) -> None:
    before, kept = await door.rows(), await door.kept()
    again = [*door.genuine, *door.genuine]
    Random(2).shuffle(again)
    for one in again:
        assert (await door.signed(one.body)).status_code == 200
    assert (await door.rows(), await door.kept()) == (before, kept)


async def test_signed_garbage_is_refused_by_type(door: Door) -> None:
    before, kept = await door.rows(), await door.kept()
    rng = Random(3)
    for name, damage in DAMAGES.items():
        if name not in ("white space", "doubled", "repeated members", "flipped", "spliced", "BOM"):
            body = damage(rng, rng.choice(door.genuine).body)
            assert (await door.signed(body)).status_code in (200, 400, 413), name
    assert (await door.rows(), await door.kept()) == (before, kept)


async def test_an_unknown_kind_is_acknowledged_and_dropped(door: Door) -> None:
    before, kept = await door.rows(), await door.kept()
    for kind in ("", "call", "call.exploded", "CALL.ENDED", "call.ended ", "message.received.v2"):
        body = json.dumps({**json.loads(door.genuine[0].body), "type": kind}).encode()
        assert (await door.signed(body)).status_code == 200
    assert (await door.rows(), await door.kept()) == (before, kept)


async def _strangely(door: Door, seed: int, how_many: int) -> None:
    """Genuine events with one or more members that are not as they should be, properly signed, some of them as news."""
    rng = Random(seed)
    for n in range(how_many):
        document = json.loads(rng.choice(door.genuine).body)
        if rng.random() < 0.7:
            document["id"] = f"evt-strange-{seed}-{n}"
        for _ in range(rng.randint(1, 3)):
            document = strange_member(rng, document)
        answer = await door.signed(json.dumps(document).encode())
        assert answer.status_code in (200, 400, 413), document
    assert {200, 400} <= door.statuses
    async with door.stage.process.services.db.system() as tx:
        assert await examine(tx) == []


async def test_signed_events_with_strange_members_are_refused_or_harmless(door: Door) -> None:
    await _strangely(door, 4, 400)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(100, 110))
async def test_many_signed_events_with_strange_members_are_refused_or_harmless(door: Door, seed: int) -> None:
    await _strangely(door, seed, 2_000)


async def test_a_carrier_that_is_none_has_no_door(stage: Stage) -> None:
    for carrier in ("twilio", "simulated%00", "..", "simulated/", "unconfigured", "x" * 5_000):
        async with stage.client_with(None) as client:
            answer = await client.post(f"/carrier-events/{carrier}", content=b"{}")
        assert answer.status_code in (400, 401, 404), carrier
