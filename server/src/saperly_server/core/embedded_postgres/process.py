"""The postmaster, PostgreSQL's first process: start one, find one that was left running, end it.

The wheel's own server class is not used: it counts its users by process id in a file and stops with the last
one, so that an id left behind by a killed process keeps the database running for ever; and started by root
it opens every directory above the data to everybody.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

from saperly_server.core.data_dir import open_private
from saperly_server.core.embedded_postgres.faults import STILL_ATTACHED, EmbeddedPostgresFailed, diagnose
from saperly_server.core.embedded_postgres.home import ClusterHome

StopMode = Literal["fast", "immediate"]

_READY_WITHIN_SEC = 120.0
"""Long enough for the recovery of a large write-ahead log on a slow disk."""
_DETACHED_WITHIN_SEC = 5.0
_POLL_SEC = 0.01
_LOG_LIMIT_BYTES = 1024 * 1024
_LOG_KEPT_BYTES = 128 * 1024
_LINE_OF_PORT = 3
_LINE_OF_STATUS = 7
_KEPT_VARIABLES = ("PATH", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR", "TEMP")
_LEASH = 'exec 3<&0; ( { read -r _ <&3 || kill -QUIT $$; } & ); exec 3<&-; exec "$@" </dev/null'
"""Becomes the postmaster, beside a watcher that ends it when this process dies without saying a last word."""


class Postmaster:
    """A running postmaster. `child` is None for one that another process started."""

    def __init__(self, pgdata: Path, pid: int, child: subprocess.Popen[bytes] | None = None) -> None:
        self.pgdata = pgdata
        self.pid = pid
        self._child = child

    def running(self) -> bool:
        if self._child is not None:
            return self._child.poll() is None
        return left_running(self.pgdata) is not None

    def ready(self) -> bool:
        """Whether it says in its own file that it takes connections."""
        lines = _pid_file(self.pgdata)
        return len(lines) > _LINE_OF_STATUS and lines[0] == str(self.pid) and lines[_LINE_OF_STATUS] == "ready"

    def await_ready(self) -> bool:
        """Wait until it takes connections; False when it ended instead, or never came that far."""
        deadline = time.monotonic() + _READY_WITHIN_SEC
        while not self.ready():
            if not self.running() or time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SEC)
        return True

    def end(self, mode: StopMode, programs: Path) -> None:
        """Stop it and wait until it is gone, harder after a while; committed data survive every way."""
        for step, patience in _stop_steps(mode):
            if not self.running():
                break
            _ask_to_stop(self, step, programs)
            if self._gone_within(patience):
                break
        self._drop_leash()

    def _gone_within(self, patience_sec: float) -> bool:
        deadline = time.monotonic() + patience_sec
        while self.running():
            if time.monotonic() > deadline:
                return False
            time.sleep(_POLL_SEC)
        return True

    def _drop_leash(self) -> None:
        """Say the last word, so that the watcher does not act on an id that may be somebody else's by now."""
        leash = None if self._child is None else self._child.stdin
        if leash is not None and not leash.closed:
            with contextlib.suppress(OSError):
                leash.write(b"\n")
            leash.close()


def launch(home: ClusterHome, command: Sequence[str], log: Path, *, leashed: bool) -> Postmaster:
    """Start a postmaster and wait until it takes connections; raises EmbeddedPostgresFailed.

    The processes of a server that was killed a moment ago may still hold its memory; this waits for them.
    """
    deadline = time.monotonic() + _DETACHED_WITHIN_SEC
    while True:
        try:
            return _launch(home, command, log, leashed=leashed)
        except EmbeddedPostgresFailed as failure:
            if STILL_ATTACHED not in failure.cause or time.monotonic() > deadline:
                raise
            time.sleep(0.1)


def _launch(home: ClusterHome, command: Sequence[str], log: Path, *, leashed: bool) -> Postmaster:
    log_fd = open_log(log)
    try:
        before = os.fstat(log_fd).st_size
        postmaster = _spawn(home, command, log_fd, leashed=leashed)
    finally:
        os.close(log_fd)
    try:
        ready = postmaster.await_ready()
    except BaseException:
        postmaster.end("immediate", Path(command[0]).parent)
        raise
    if not ready:
        postmaster.end("immediate", Path(command[0]).parent)
        raise diagnose(log.read_bytes()[before:].decode("utf-8", "replace"), home.pgdata)
    return postmaster


def run_program(home: ClusterHome, command: Sequence[str]) -> None:
    """Run a program of PostgreSQL's as the cluster's account; raises EmbeddedPostgresFailed."""
    done = subprocess.run(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
        **_as(home),
    )
    if done.returncode != 0:
        raise diagnose(done.stdout.decode("utf-8", "replace"), home.pgdata)


def left_running(pgdata: Path) -> Postmaster | None:
    """The live postmaster of this cluster that somebody else started, or None."""
    lines = _pid_file(pgdata)
    pid = int(lines[0]) if lines and lines[0].isdigit() else 0
    return Postmaster(pgdata, pid) if pid and _is_postmaster_of(pgdata, pid) else None


def left_running_port(pgdata: Path) -> int | None:
    """The port of the postmaster that `left_running` finds."""
    lines = _pid_file(pgdata)
    return int(lines[_LINE_OF_PORT]) if left_running(pgdata) is not None and len(lines) > _LINE_OF_PORT else None


def forget_stranger(pgdata: Path) -> None:
    """Remove a `postmaster.pid` that names a live process which is no postmaster of this cluster.

    Process ids come round again, above all in containers, and PostgreSQL refuses to start while any process
    of the same user has the id of the last postmaster. Only for the holder of the lock, and when
    `left_running` is None.
    """
    lines = _pid_file(pgdata)
    if lines and lines[0].isdigit() and _exists(int(lines[0])):
        (pgdata / "postmaster.pid").unlink(missing_ok=True)


def open_log(path: Path) -> int:
    """Open PostgreSQL's log for appending. Of a log over 1 MiB the last 128 KiB are kept.

    Every writer appends, so this is also right while a postmaster is writing.
    """
    fd = open_private(path, os.O_RDWR | os.O_APPEND)
    size = os.fstat(fd).st_size
    if size > _LOG_LIMIT_BYTES:
        os.lseek(fd, size - _LOG_KEPT_BYTES, os.SEEK_SET)
        tail = os.read(fd, _LOG_KEPT_BYTES)
        os.ftruncate(fd, 0)
        os.write(fd, tail.partition(b"\n")[2])
    return fd


def _pid_file(pgdata: Path) -> list[str]:
    """The lines of `postmaster.pid`; it grows line by line while PostgreSQL starts."""
    try:
        return [line.strip() for line in (pgdata / "postmaster.pid").read_text("utf-8").splitlines()]
    except OSError:
        return []


def _as(home: ClusterHome) -> dict[str, Any]:
    """How the cluster's processes run: their account, a directory anybody can enter, and none of our
    environment.

    The environment is not passed on because PostgreSQL reads `PG*`, `LC_*` and `TZ`; English messages are
    what the failures are told from.
    """
    env = {name: os.environ[name] for name in _KEPT_VARIABLES if name in os.environ}
    how: dict[str, Any] = {"cwd": home.path.anchor, "env": {**env, "LC_ALL": "C", "TZ": "UTC"}}
    if home.account is not None:
        how.update(user=home.account.uid, group=home.account.gid, extra_groups=[])
    return how


if sys.platform == "win32":

    def _spawn(home: ClusterHome, command: Sequence[str], log_fd: int, *, leashed: bool) -> Postmaster:
        """Through `pg_ctl`, which drops an administrator's rights first. There is no leash on Windows."""
        pg_ctl = str(Path(command[0]).with_name("pg_ctl"))
        options = subprocess.list2cmdline(command[3:])
        subprocess.run(  # noqa: S603
            [pg_ctl, "-w", "-t", "120", "-D", str(home.pgdata), "-o", options, "start"],
            stdin=subprocess.DEVNULL,
            stdout=log_fd,
            stderr=log_fd,
            check=False,
            creationflags=subprocess.CREATE_NEW_PROCESS_GROUP | subprocess.CREATE_NO_WINDOW,
            **_as(home),
        )
        return left_running(home.pgdata) or Postmaster(home.pgdata, 0)

    def _stop_steps(mode: StopMode) -> list[tuple[StopMode, float]]:
        return [("fast", 30.0), ("immediate", 10.0)] if mode == "fast" else [("immediate", 10.0)]

    def _ask_to_stop(postmaster: Postmaster, step: StopMode, programs: Path) -> None:
        command = [str(programs / "pg_ctl"), "-W", "-D", str(postmaster.pgdata), "-m", step, "stop"]
        subprocess.run(command, check=False, capture_output=True)  # noqa: S603

    def _exists(pid: int) -> bool:
        return str(pid) in _listed(pid)

    def _is_postmaster_of(pgdata: Path, pid: int) -> bool:
        return "postgres.exe" in _listed(pid)

    def _listed(pid: int) -> str:
        command = ["tasklist", "/NH", "/FI", f"PID eq {pid}"]
        return subprocess.run(command, capture_output=True, text=True, check=False).stdout  # noqa: S603

else:

    def _spawn(home: ClusterHome, command: Sequence[str], log_fd: int, *, leashed: bool) -> Postmaster:
        """In a session of its own: Ctrl+C in the terminal reaches only the server, which then stops it."""
        child = subprocess.Popen(  # noqa: S603
            ["/bin/sh", "-c", _LEASH, "sh", *command] if leashed else command,
            stdin=subprocess.PIPE if leashed else subprocess.DEVNULL,
            stdout=log_fd,
            stderr=log_fd,
            bufsize=0,
            start_new_session=True,
            umask=0o077,
            **_as(home),
        )
        return Postmaster(home.pgdata, child.pid, child)

    def _stop_steps(mode: StopMode) -> list[tuple[signal.Signals, float]]:
        steps = [(signal.SIGINT, 30.0), (signal.SIGQUIT, 10.0), (signal.SIGKILL, 5.0)]
        return steps if mode == "fast" else steps[1:]

    def _ask_to_stop(postmaster: Postmaster, step: signal.Signals, programs: Path) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(postmaster.pid, step)

    def _exists(pid: int) -> bool:
        try:
            os.kill(pid, 0)
        except OSError as error:
            return isinstance(error, PermissionError)
        return True

    def _is_postmaster_of(pgdata: Path, pid: int) -> bool:
        """By its command line: it names the cluster, and a dead process that awaits collection has none."""
        return f" -D {pgdata} " in _command_line(pid)

    def _command_line(pid: int) -> str:
        if not Path("/proc/self/cmdline").exists():
            listed = ["ps", "-ww", "-o", "command=", "-p", str(pid)]
            return subprocess.run(listed, capture_output=True, text=True, check=False).stdout  # noqa: S603
        with contextlib.suppress(OSError):
            return os.fsdecode(Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" "))
        return ""
