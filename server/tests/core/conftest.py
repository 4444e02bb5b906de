"""An embedded database of a test's own, asked from here or held by another process."""

from __future__ import annotations

import asyncio
import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest
from saperly_server.core.data_dir import DataDir
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.core.embedded_postgres.process import left_running

_SERVER = """
import json, sys
from pathlib import Path
from saperly_server.core.data_dir import DataDir
from saperly_server.core.embedded_postgres import EmbeddedPostgres
directory = DataDir(Path(sys.argv[1]))
directory.acquire()
postgres = EmbeddedPostgres.start(directory.path, durable=sys.argv[2] == "durable")
directory.publish("http://localhost:8787")
print(json.dumps({"postmaster": postgres.pid}), flush=True)
sys.stdin.read()
"""


MEMORY = next((path for path in [Path("/dev/shm")] if path.exists() and shutil.disk_usage(path).free > 2**30), None)
"""Files in memory where the system has a place for them: a cluster is a thousand files."""

Ask = Callable[..., Any]
AnotherServer = Callable[..., AbstractContextManager[tuple[subprocess.Popen[str], int]]]


@pytest.fixture
def empty_dir() -> Iterator[Path]:
    """A temporary data directory that the database's account can enter; nothing is left running in it."""
    directory = DataDir.ephemeral(MEMORY)
    directory.path.chmod(0o711)
    yield directory.path
    left = left_running((directory.path / "postgres" / "data").resolve())
    if left is not None:
        left.end("immediate", Path())
    directory.remove()


@pytest.fixture(scope="session")
def made_cluster() -> Iterator[Path]:
    """The home of an empty database that was made once and is not running."""
    directory = DataDir.ephemeral(MEMORY)
    EmbeddedPostgres.start(directory.path, durable=False).stop()
    yield directory.path / "postgres"
    directory.remove()


@pytest.fixture
def cluster_dir(empty_dir: Path, made_cluster: Path) -> Path:
    """A data directory with a database of its own, which is a copy of one that was made before."""
    subprocess.run(["cp", "-a", made_cluster, empty_dir], check=True)
    return empty_dir


@pytest.fixture(scope="session")
def ask() -> Ask:
    """`ask(postgres, *statements)` runs statements; the single value of the last one."""
    return lambda postgres, *statements: asyncio.run(_ask(postgres, statements))


async def _ask(postgres: EmbeddedPostgres, statements: tuple[str, ...]) -> Any:
    connection = await asyncpg.connect(postgres.dsn)
    try:
        for statement in statements[:-1]:
            await connection.execute(statement)
        return await connection.fetchval(statements[-1])
    finally:
        await connection.close()


@pytest.fixture(scope="session")
def another_server() -> AnotherServer:
    """`another_server(data_dir, kind)`: a live server process and its database's process id; killed at the end."""
    return contextmanager(_another_server)


def _another_server(data_dir: Path, kind: str = "durable") -> Iterator[tuple[subprocess.Popen[str], int]]:
    with subprocess.Popen(
        [sys.executable, "-c", _SERVER, str(data_dir), kind], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        yield server, json.loads(server.stdout.readline())["postmaster"]
        server.kill()


@pytest.fixture(scope="session")
def gone() -> Callable[[int], bool]:
    """`gone(pid)`: whether the process ends within a limit; a dead one that nobody has collected counts as gone."""
    return _gone


def _gone(pid: int) -> bool:
    try:
        process = psutil.Process(pid)
        process.wait(10)
    except psutil.NoSuchProcess:
        return True
    except psutil.TimeoutExpired:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    return True
