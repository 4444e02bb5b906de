"""How an embedded database is to run: its settings, address and command; and the making of its cluster."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from saperly_server.core.embedded_postgres.faults import diagnose
from saperly_server.core.embedded_postgres.home import ClusterHome, prepare_home
from saperly_server.core.embedded_postgres.process import left_running_port, run_program
from saperly_server.core.embedded_postgres.programs import programs_for

SUPERUSER = "postgres"
_LOG_FILE = "postgres.log"

_SMALL_SERVER = {
    "max_connections": "100",
    "shared_buffers": "48MB",
    "effective_cache_size": "256MB",
    "maintenance_work_mem": "32MB",
    "max_parallel_workers_per_gather": "0",
    "max_parallel_maintenance_workers": "0",
    "max_worker_processes": "2",
    "max_logical_replication_workers": "0",
    "io_method": "sync",  # no extra processes; reads of a small database come from memory
    "huge_pages": "off",
    "jit": "off",
    "random_page_cost": "1.1",
    "autovacuum": "on",
    "autovacuum_max_workers": "2",
    "unix_socket_permissions": "0700",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_messages": "log",
    "log_min_error_statement": "panic",
    "log_checkpoints": "off",
}
_DURABLE = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_THROWAWAY = {
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where the database listens: a socket directory, or the loopback address with a password."""

    host: str
    port: int
    password: str | None = None

    def url(self, database: str, user: str) -> str:
        login = quote(user, safe="")
        if self.password is not None:
            login += ":" + quote(self.password, safe="")
        return f"postgresql://{login}@/{quote(database, safe='')}?host={self.host}&port={self.port}"

    @property
    def settings(self) -> dict[str, str]:
        if self.password is None:
            return {"listen_addresses": "", "unix_socket_directories": self.host, "port": str(self.port)}
        return {"listen_addresses": self.host, "unix_socket_directories": "", "port": str(self.port)}


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is decided before a process is started. `command` is the postmaster's."""

    home: ClusterHome
    programs: Path
    endpoint: Endpoint
    command: list[str]
    log: Path
    durable: bool


def prepare(data_dir: Path, durable: bool, settings: Mapping[str, str], loopback: bool) -> Plan:
    home = prepare_home(data_dir, durable=durable)
    programs = programs_for(home.account, _major_version(home.pgdata))
    if not home.pgdata.exists():
        _make_cluster(home, programs, durable=durable, loopback=loopback)
    endpoint = _loopback(home) if loopback else Endpoint(str(home.socket_dir()), 5432)
    chosen = _SMALL_SERVER | (_DURABLE if durable else _THROWAWAY) | endpoint.settings | dict(settings)
    options = [part for name, value in chosen.items() for part in ("-c", f"{name}={value}")]
    command = [str(programs.resolve() / "postgres"), "-D", str(home.pgdata), *options]
    return Plan(home, programs, endpoint, command, data_dir / _LOG_FILE, durable)


def _major_version(pgdata: Path) -> int | None:
    """The version that made the cluster; None when there is none yet.

    A cluster gets its name only when it is complete, so one without a version was damaged.
    """
    if not pgdata.exists():
        return None
    try:
        return int((pgdata / "PG_VERSION").read_text("ascii"))
    except (FileNotFoundError, ValueError) as error:
        raise diagnose(f"error: {pgdata}/PG_VERSION is missing or unreadable: {error}", pgdata) from error


def _make_cluster(home: ClusterHome, programs: Path, *, durable: bool, loopback: bool) -> None:
    """Make an empty cluster under another name and give it its own when it is whole and on disk.

    Text is UTF-8 and compared by code point, the same on every system and after every upgrade of its
    libraries.
    """
    scratch = home.pgdata.with_name("data.new")
    shutil.rmtree(scratch, ignore_errors=True)
    options = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
    options += ["--auth-local=trust", "--auth-host=scram-sha-256", f"--username={SUPERUSER}"]
    if loopback:
        options.append(f"--pwfile={_make_password(home)}")
    if not durable:
        options.append("--no-sync")
    run_program(home, [str(programs / "initdb"), "-D", str(scratch), "--no-instructions", *options])
    scratch.rename(home.pgdata)


def _make_password(home: ClusterHome) -> Path:
    home.password_file.unlink(missing_ok=True)
    fd = os.open(home.password_file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(fd, "w") as file:
        file.write(secrets.token_urlsafe(24))
    home.give(home.password_file)
    return home.password_file


def _loopback(home: ClusterHome) -> Endpoint:
    """The address that a left-over postmaster listens on, else one with a port that is free now."""
    port = left_running_port(home.pgdata)
    if port is None:
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
    return Endpoint("127.0.0.1", port, home.password_file.read_text("ascii"))
