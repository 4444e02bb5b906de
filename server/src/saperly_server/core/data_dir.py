"""The server's data directory: where it is, who may read it and which process is using it.

One server at a time uses a data directory. It holds an exclusive lock on `saperly.lock` for as long as it
lives; the system frees the lock when the process ends, however it ends, so a lock is never stale. The file's
text, `{pid, url, startedAt}`, lets a second start say who is already there and open that one instead.

A directory made here is private to its owner (mode 0700). The mode of a directory that was there before is
left alone: it may be a mounted volume or somebody else's; the files inside are private one by one.
"""

from __future__ import annotations

import atexit
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import TracebackType
from typing import Self

LOCK_FILE = "saperly.lock"
_LOCK_PATIENCE_SEC = 0.2
_NO_FOLLOW: int = getattr(os, "O_NOFOLLOW", 0)


class DataDirInUse(Exception):
    """A live server uses this data directory. Its `pid` and `url` are None until it has made them known."""

    def __init__(self, pid: int | None, url: str | None) -> None:
        who = "" if pid is None else f" (pid {pid})"
        where = "" if url is None else f" at {url}"
        super().__init__(f"saperly is already running{who}{where}")
        self.pid = pid
        self.url = url
        self.fix = "Use the one that runs, stop it, or start with another data directory."


class DataDirNotWritable(Exception):
    """The data directory cannot be made or written to; `reason` is the system's own words."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(f"The data directory {path} cannot be used: {reason}.")
        self.path = path
        self.reason = reason
        self.fix = "Make it a directory that you own, free some space, or start with another data directory."


@dataclass(frozen=True, slots=True)
class Holder:
    """What a lock file says about the process that holds it; every part is None until it was written."""

    pid: int | None = None
    url: str | None = None
    started_at: datetime | None = None

    def to_json(self) -> str:
        started = None if self.started_at is None else self.started_at.isoformat()
        return json.dumps({"pid": self.pid, "url": self.url, "startedAt": started})

    @classmethod
    def read(cls, path: Path) -> Holder:
        """The holder that `path` names; an empty one when the file is missing, empty or not ours."""
        try:
            fields = json.loads(path.read_text("utf-8"))
            started = fields["startedAt"]
            return cls(fields["pid"], fields["url"], started and datetime.fromisoformat(started))
        except (OSError, ValueError, KeyError, TypeError):
            return cls()


class LockFile:
    """An exclusive lock that belongs to one open file of one process, with a note about its holder inside."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._fd: int | None = None

    def acquire(self) -> bool:
        """Take the lock; False when another process, or another part of this one, has it."""
        fd = open_private(self.path, os.O_RDWR)
        if not _try_lock(fd):
            os.close(fd)
            return False
        self._fd = fd
        return True

    def write(self, holder: Holder) -> None:
        """Replace the note in place, because the lock belongs to this very file."""
        if self._fd is None:
            raise RuntimeError(f"{self.path} is not locked by this process")
        note = holder.to_json().encode()
        os.lseek(self._fd, 0, os.SEEK_SET)
        os.write(self._fd, note)
        os.ftruncate(self._fd, len(note))

    def release(self) -> None:
        """Empty the note and free the lock; nothing happens when it is not held."""
        if self._fd is not None:
            os.ftruncate(self._fd, 0)
            os.close(self._fd)
            self._fd = None


class DataDir:
    """A data directory. Entering it as a context takes the lock, leaving it frees it."""

    def __init__(self, path: Path, *, now: Callable[[], datetime] = lambda: datetime.now(UTC)) -> None:
        self.path = path.expanduser().absolute()
        self._now = now
        self._lock = LockFile(self.path / LOCK_FILE)
        self._started_at: datetime | None = None
        self._throwaway = False

    @classmethod
    def default(cls, environ: Mapping[str, str] = os.environ) -> Self:
        """`saperly/dev` in the user's data directory: `$XDG_DATA_HOME`, or `~/.local/share`.

        A relative `XDG_DATA_HOME` is ignored, as the XDG base directory specification asks.
        """
        xdg = Path(environ.get("XDG_DATA_HOME", ""))
        base = xdg if xdg.is_absolute() else Path.home() / ".local" / "share"
        return cls(base / "saperly" / "dev")

    @classmethod
    def ephemeral(cls, inside: Path | None = None) -> Self:
        """A new directory that `remove`, leaving the context, or the end of this process deletes.

        It is made `inside` a directory, or where temporary files go.
        """
        directory = cls(Path(tempfile.mkdtemp(prefix="saperly-", dir=inside)))
        directory._throwaway = True
        atexit.register(_remove_in, os.getpid(), directory)
        return directory

    def acquire(self) -> None:
        """Make the directory if it is missing and become its only user.

        Raises DataDirInUse when a live process uses it and DataDirNotWritable when it cannot be made or
        written to.
        """
        ensure_private_dir(self.path)
        try:
            acquired = self._acquire_patiently()
        except OSError as error:
            raise DataDirNotWritable(self.path, error.strerror or str(error)) from error
        if not acquired:
            holder = Holder.read(self._lock.path)
            raise DataDirInUse(holder.pid, holder.url)
        self._started_at = self._now()
        self._lock.write(Holder(os.getpid(), None, self._started_at))

    def _acquire_patiently(self) -> bool:
        """A server that is just ending frees its lock within moments."""
        deadline = time.monotonic() + _LOCK_PATIENCE_SEC
        while not self._lock.acquire():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def publish(self, url: str) -> None:
        """Tell later starts where this server can be reached. Only after `acquire`."""
        self._lock.write(Holder(os.getpid(), url, self._started_at))

    def release(self) -> None:
        """Let another process use the directory."""
        self._lock.release()

    def remove(self) -> None:
        """Free the directory and delete all of it, with the embedded database, which must be stopped."""
        from saperly_server.core.embedded_postgres.home import discard_cluster  # it needs this module's locks

        self.release()
        discard_cluster(self.path)
        shutil.rmtree(self.path, ignore_errors=True)

    def __enter__(self) -> Self:
        self.acquire()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._throwaway:
            self.remove()
        else:
            self.release()


def ensure_private_dir(path: Path) -> None:
    """Make `path` with mode 0700 if it is missing; raises DataDirNotWritable."""
    try:
        path.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise DataDirNotWritable(path, error.strerror or str(error)) from error


def open_private(path: Path, flags: int) -> int:
    """Open or create a file that only its owner can read; never through a link.

    When root works in somebody else's directory the new file is given to that directory's owner, who can
    then go on without root.
    """
    fd = os.open(path, flags | os.O_CREAT | _NO_FOLLOW, 0o600)
    if sys.platform != "win32" and os.geteuid() == 0:
        owner = path.parent.stat()
        os.fchown(fd, owner.st_uid, owner.st_gid)
    return fd


def _remove_in(pid: int, directory: DataDir) -> None:
    """Forked children inherit exit handlers; only the process that made the directory may delete it."""
    if os.getpid() == pid:
        directory.remove()


if sys.platform == "win32":
    import msvcrt

    def _try_lock(fd: int) -> bool:
        """Locks one byte far behind the note, because Windows refuses reads of locked bytes."""
        os.lseek(fd, 1 << 30, os.SEEK_SET)
        try:
            msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)
        except OSError:
            return False
        return True

else:
    import fcntl

    def _try_lock(fd: int) -> bool:
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True
