"""Lists: newest first, in pages that can be walked while rows are added."""

from __future__ import annotations

import re
from typing import Any

from .conftest import Stage
from .wire import PEER, outcome

LINK = re.compile(r'<(?P<path>/[^>]*)>; rel="next"')


async def walk(stage: Stage, path: str, *, limit: int, meanwhile: Any = None) -> list[Any]:
    """Every row of every page; `meanwhile` happens between the pages."""
    rows: list[Any] = []
    following: str | None = f"{path}?limit={limit}"
    while following is not None:
        answer = await stage.client.get(following)
        assert answer.status_code == 200, answer.text
        assert len(answer.json()) <= limit
        rows += answer.json()
        link = LINK.fullmatch(answer.headers.get("link", ""))
        following = link["path"] if link else None
        if meanwhile is not None:
            await meanwhile()
    return rows


async def connection(stage: Stage) -> None:
    assert (await stage.post("/connections", {"name": "a"})).status_code == 201


async def test_a_list_begins_with_the_newest(stage: Stage) -> None:
    made = [(await stage.post("/connections", {"name": str(place)})).json()["id"] for place in range(4)]
    assert [row["id"] for row in await stage.get("/connections")] == made[::-1]


async def test_a_short_list_has_no_next_page(stage: Stage) -> None:
    await connection(stage)
    assert "link" not in (await stage.client.get("/connections")).headers


async def test_the_pages_hold_every_row_once(stage: Stage) -> None:
    for _ in range(7):
        await connection(stage)
    everything = await stage.get("/connections")
    for limit in (1, 2, 3, 7, 50):
        assert await walk(stage, "/connections", limit=limit) == everything, limit


async def test_rows_that_are_added_while_walking_never_shift_the_others(stage: Stage) -> None:
    for _ in range(6):
        await connection(stage)
    before = [row["id"] for row in await stage.get("/connections")]
    walked = await walk(stage, "/connections", limit=2, meanwhile=lambda: connection(stage))
    assert [row["id"] for row in walked] == before


async def test_the_prefixed_list_walks_on_under_its_prefix(stage: Stage) -> None:
    for _ in range(3):
        await connection(stage)
    link = (await stage.client.get("/v2/connections?limit=2")).headers["link"]
    assert link.startswith("</v2/connections?")
    assert len(await walk(stage, "/v2/connections", limit=2)) == 3


async def test_the_next_page_keeps_the_filter(stage: Stage) -> None:
    lines = [await stage.line(), await stage.line()]
    for line in lines:
        await stage.consent(line, PEER)
        for _ in range(3):
            await stage.post("/messages", {"fromNumberId": line["id"], "to": PEER, "body": "Hi"})
    answer = await stage.client.get(f"/messages?numberId={lines[0]['id']}&limit=2")
    link = LINK.fullmatch(answer.headers["link"])
    assert link is not None
    rest = (await stage.client.get(link["path"])).json()
    assert {row["numberId"] for row in answer.json() + rest} == {lines[0]["id"]}
    assert len(rest) == 1


async def test_every_list_walks_from_the_newest_to_the_oldest(stage: Stage) -> None:
    for _ in range(3):
        line = await stage.line()
        await stage.consent(line, PEER)
        await stage.post("/messages", {"fromNumberId": line["id"], "to": PEER, "body": "Hi"})
        await stage.post("/calls", {"fromNumberId": line["id"], "to": PEER})
        await stage.post("/api-tokens", {"name": "a", "scopes": ["read"]})
    for path in ("/numbers", "/calls", "/messages", "/consent", "/connections", "/api-tokens"):
        rows = await stage.get(path)
        made = [row.get("createdAt") or row["grantedAt"] for row in rows]
        assert len(rows) >= 3, path
        assert made == sorted(made, reverse=True), path
        assert await walk(stage, path, limit=2) == rows, path


async def test_the_catalogues_walk_too(stage: Stage) -> None:
    for path in ("/voices", "/languages"):
        everything = await stage.get(path, limit=1000)
        assert everything
        assert await walk(stage, path, limit=3) == everything


async def test_a_page_that_cannot_be_is_refused(stage: Stage) -> None:
    for query in ("limit=0", "limit=1001", "limit=-1", "limit=x", f"cursor={'x' * 65}"):
        answer = await stage.client.get(f"/numbers?{query}")
        assert outcome(answer) == (400, "ValidationError"), query
        assert answer.json()["issues"][0]["path"] == query.partition("=")[0]


async def test_a_cursor_from_nowhere_gives_what_comes_after_it(stage: Stage) -> None:
    await connection(stage)
    assert await stage.get("/connections", cursor="0") == []
    assert len(await stage.get("/connections", cursor="zzz")) == 1


async def test_no_list_is_longer_than_a_hundred_unless_it_is_asked_for(stage: Stage) -> None:
    for _ in range(101):
        await stage.client.post("/connections", json={"name": "a"})
    answer = await stage.client.get("/connections")
    assert len(answer.json()) == 100
    assert "link" in answer.headers
    assert len(await stage.get("/connections", limit=1000)) == 101
