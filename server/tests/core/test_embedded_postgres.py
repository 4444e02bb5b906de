"""The embedded database when all is well, and when processes of it were killed."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from saperly_server.core.data_dir import DataDir
from saperly_server.core.embedded_postgres import DataDirInUse, EmbeddedPostgres
from saperly_server.core.embedded_postgres.programs import installed_programs
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

URL = "http://localhost:8787"
Ask = Callable[..., Any]
AnotherServer = Callable[..., AbstractContextManager[tuple[subprocess.Popen[str], int]]]


def pgdata(data_dir: Path) -> Path:
    return (data_dir / "postgres" / "data").resolve()


@pytest.fixture(scope="module")
def shared() -> Iterator[EmbeddedPostgres]:
    """One database for the tests that only look at it."""
    directory = DataDir.ephemeral()
    with EmbeddedPostgres.start(directory.path, durable=False) as postgres:
        yield postgres
    directory.remove()


# When all is well


def test_sqlalchemy_connects_with_the_same_url(shared: EmbeddedPostgres) -> None:
    async def run() -> Any:
        engine = create_async_engine(shared.dsn.replace("postgresql://", "postgresql+asyncpg://", 1))
        async with engine.connect() as connection:
            value = (await connection.execute(text("select 40 + 2"))).scalar()
        await engine.dispose()
        return value

    assert asyncio.run(run()) == 42


def test_the_url_ignores_the_connection_variables_of_the_environment(
    shared: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch, ask: Ask
) -> None:
    for name, value in {"PGPORT": "1", "PGHOST": "nowhere", "PGUSER": "nobody", "PGDATABASE": "none"}.items():
        monkeypatch.setenv(name, value)
    assert ask(shared, "select current_user || ' ' || current_database()") == "postgres postgres"


def test_other_databases_and_roles_have_urls_too(shared: EmbeddedPostgres) -> None:
    url = shared.url("a b", "some one")
    assert url.startswith("postgresql://some%20one@/a%20b?host=/")


def test_the_version_is_the_servers(shared: EmbeddedPostgres, ask: Ask) -> None:
    assert ask(shared, "show server_version") == shared.version
    assert int(shared.version.split(".")[0]) == max(installed_programs())


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("listen_addresses", ""),
        ("unix_socket_permissions", "0700"),
        ("TimeZone", "UTC"),
        ("jit", "off"),
        ("max_connections", "100"),
        ("shared_buffers", "48MB"),
        ("autovacuum", "on"),
        ("server_encoding", "UTF8"),
        ("data_checksums", "on"),
        ("fsync", "off"),
        ("synchronous_commit", "off"),
        ("full_page_writes", "off"),
    ],
)
def test_a_throwaway_database_runs_with(setting: str, value: str, shared: EmbeddedPostgres, ask: Ask) -> None:
    assert ask(shared, f"show {setting}") == value


def test_only_the_databases_account_can_reach_the_socket(shared: EmbeddedPostgres, ask: Ask) -> None:
    directory = Path(ask(shared, "show unix_socket_directories"))
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700
    assert directory.stat().st_uid == psutil.Process(shared.pid).uids().effective != 0


@pytest.mark.skipif(sys.platform != "linux", reason="the proportional size of a process is told by Linux only")
def test_an_idle_database_takes_little_memory(shared: EmbeddedPostgres) -> None:
    postmaster = psutil.Process(shared.pid)
    family = [postmaster, *postmaster.children(recursive=True)]
    assert sum(_pss(process) for process in family) < 40_000_000


def _pss(process: psutil.Process) -> int:
    """A process's fair share of memory; none for a helper that has ended meanwhile."""
    try:
        return int(process.memory_full_info().pss)
    except psutil.NoSuchProcess:
        return 0


def test_a_statements_error_is_not_written_to_the_log(shared: EmbeddedPostgres, ask: Ask) -> None:
    with pytest.raises(asyncpg.DataError):
        ask(shared, "select 'my secret sentence'::int")
    log = Path(ask(shared, "show data_directory")).parents[1] / "postgres.log"
    assert "ready to accept connections" in log.read_text()
    assert "secret" not in log.read_text()


def test_durable_data_survive_a_stop_and_the_settings_are_safe(empty_dir: Path, ask: Ask) -> None:
    with EmbeddedPostgres.start(empty_dir, settings={"work_mem": "8MB"}) as postgres:
        ask(postgres, "create table t as select 7 as n", "select 1")
        names = ("fsync", "synchronous_commit", "full_page_writes", "work_mem")
        assert [ask(postgres, f"show {name}") for name in names] == ["on", "on", "on", "8MB"]
    with EmbeddedPostgres.start(empty_dir) as postgres:
        assert ask(postgres, "select n from t") == 7
        assert not postgres.adopted


@pytest.mark.parametrize("mode", ["fast", "immediate"])
def test_committed_rows_survive_every_way_to_stop(mode: Any, cluster_dir: Path, ask: Ask) -> None:
    postgres = EmbeddedPostgres.start(cluster_dir)
    ask(postgres, "create table t as select 7 as n", "select 1")
    postgres.stop(mode)
    assert not postgres.running
    postgres.stop(mode)
    with EmbeddedPostgres.start(cluster_dir) as again:
        assert ask(again, "select n from t") == 7


def test_over_loopback_it_wants_its_password(empty_dir: Path, ask: Ask) -> None:
    with EmbeddedPostgres.start(empty_dir, durable=False, loopback=True) as postgres:
        assert ask(postgres, "show listen_addresses") == "127.0.0.1"
        login, _, rest = postgres.dsn.partition("@")
        with pytest.raises(asyncpg.InvalidPasswordError):
            asyncio.run(asyncpg.connect(f"{login}x@{rest}"))


# Paths


@pytest.mark.parametrize("name", ["with spaces and 'quotes\" $HOME; é", "x" * 120])
def test_unusual_paths_work(name: str, empty_dir: Path, ask: Ask) -> None:
    with EmbeddedPostgres.start(empty_dir / name, durable=False) as postgres:
        sockets = Path(ask(postgres, "show unix_socket_directories"))
        assert ask(postgres, "show data_directory") == str(pgdata(empty_dir / name))
        assert len(str(sockets)) < 90
    assert not sockets.exists()


# Other processes and killed ones


def test_a_second_start_learns_the_process_and_url_of_the_first(
    cluster_dir: Path, another_server: AnotherServer
) -> None:
    with another_server(cluster_dir, "throwaway") as (server, _), pytest.raises(DataDirInUse) as refusal:
        EmbeddedPostgres.start(cluster_dir)
    assert (refusal.value.pid, refusal.value.url) == (server.pid, URL)


def test_a_database_whose_server_was_killed_is_taken_over(
    cluster_dir: Path, ask: Ask, another_server: AnotherServer, gone: Callable[[int], bool]
) -> None:
    with another_server(cluster_dir) as (server, postmaster):
        server.kill()
        server.wait()
        with EmbeddedPostgres.start(cluster_dir) as postgres:
            assert postgres.adopted
            assert postgres.pid == postmaster
            assert ask(postgres, "select 1") == 1
        assert gone(postmaster)


def test_a_left_over_database_with_other_settings_is_restarted(
    cluster_dir: Path, ask: Ask, another_server: AnotherServer
) -> None:
    with another_server(cluster_dir) as (server, postmaster):
        server.kill()
        server.wait()
        with EmbeddedPostgres.start(cluster_dir, settings={"work_mem": "9MB"}) as postgres:
            assert not postgres.adopted
            assert postgres.pid != postmaster
            assert ask(postgres, "show work_mem") == "9MB"


def test_it_recovers_when_everything_was_killed_at_once(cluster_dir: Path, ask: Ask) -> None:
    postgres = EmbeddedPostgres.start(cluster_dir)
    ask(postgres, "create table t as select 7 as n", "select 1")
    for process in [psutil.Process(postgres.pid), *psutil.Process(postgres.pid).children(recursive=True)]:
        process.kill()
    postgres.stop()
    assert (pgdata(cluster_dir) / "postmaster.pid").exists()
    with EmbeddedPostgres.start(cluster_dir) as again:
        assert not again.adopted
        assert ask(again, "select n from t") == 7


def test_a_killed_postmaster_is_replaced_although_its_processes_are_still_ending(cluster_dir: Path, ask: Ask) -> None:
    postgres = EmbeddedPostgres.start(cluster_dir)
    os.kill(postgres.pid, signal.SIGKILL)
    postgres.stop()
    with EmbeddedPostgres.start(cluster_dir) as again:
        assert ask(again, "select 1") == 1


def test_a_process_id_that_came_round_again_is_not_taken_for_the_postmaster(cluster_dir: Path) -> None:
    with EmbeddedPostgres.start(cluster_dir, durable=False):
        left = (pgdata(cluster_dir) / "postmaster.pid").read_text().splitlines()
    with subprocess.Popen(["sleep", "60"]) as stranger:
        pid_file = pgdata(cluster_dir) / "postmaster.pid"
        pid_file.write_text("\n".join([str(stranger.pid), *left[1:]]) + "\n")
        with EmbeddedPostgres.start(cluster_dir, durable=False) as postgres:
            assert not postgres.adopted
            assert postgres.pid != stranger.pid
        assert stranger.poll() is None
        stranger.kill()


def test_a_throwaway_database_ends_with_its_killed_server(
    cluster_dir: Path, another_server: AnotherServer, gone: Callable[[int], bool]
) -> None:
    with another_server(cluster_dir, "throwaway") as (server, postmaster):
        server.kill()
        server.wait()
        assert gone(postmaster)


def test_a_crashed_database_is_noticed(cluster_dir: Path, gone: Callable[[int], bool]) -> None:
    postgres = EmbeddedPostgres.start(cluster_dir, durable=False)
    os.kill(postgres.pid, signal.SIGQUIT)
    assert gone(postgres.pid)
    assert not postgres.running
    postgres.stop()
