"""A PostgreSQL of the operator's own, under a production server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from saperly_server.core.embedded_postgres import EmbeddedPostgres

from .conftest import Launcher


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with EmbeddedPostgres.start(tmp_path_factory.mktemp("operator") / "data", durable=False) as postgres:
        yield postgres.dsn


def test_the_first_start_prints_the_root_keys_and_later_ones_do_not(launch: Launcher, database: str) -> None:
    place = launch.folder / "place"
    given = {"SAPERLY_DATABASE_URL": database, "SAPERLY_DATA_DIR": str(place), "SAPERLY_SECRET_KEY": "s" * 40}
    first = launch("serve", "--port", "0", **given)
    keys = first.until("first_start")
    url = first.until("ready")["url"]
    headers = {"Authorization": f"Bearer {keys['liveKey']}"}
    assert httpx.get(f"{url}/usage", headers=headers, trust_env=False).json()["balanceCents"] == 500
    assert first.stop() == 0
    assert not (launch.folder / ".env.saperly").exists()
    assert not (place / "postgres").exists()

    second = launch("serve", "--port", "0", **given)
    second.until("ready")
    assert "first_start" not in [event["event"] for event in second.events]
    assert httpx.get(f"{second.until('ready')['url']}/ready", trust_env=False).json() == {"status": "ok"}
    assert second.stop() == 0


def test_two_servers_that_start_at_once_make_one_workspace(
    launch: Launcher, tmp_path_factory: pytest.TempPathFactory
) -> None:
    place: Path = tmp_path_factory.mktemp("two") / "data"
    with EmbeddedPostgres.start(place, durable=False) as postgres:
        given = {"SAPERLY_DATABASE_URL": postgres.dsn, "SAPERLY_DATA_DIR": str(place / "shared")}
        servers = [launch("serve", "--port", "0", **given) for _ in range(2)]
        workspaces = {server.until("ready")["workspace"] for server in servers}
        assert len(workspaces) == 1
        first_starts = [event for server in servers for event in server.events if event["event"] == "first_start"]
        assert len(first_starts) == 1
        assert [server.stop() for server in servers] == [0, 0]
