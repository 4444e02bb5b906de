"""Where an embedded database lives: its directories, its program files and the account it runs as.

Under a data directory, `postgres/data` is the cluster and `postgres/run` the socket directory. For an
ordinary user that is all there is to it, and everything belongs to that user.

PostgreSQL refuses to run as root. Started by root, it runs as the owner of the data directory, or, where
that is root too, as the system account `saperly-postgres`, which is made on first use. That account must be
able to walk to the files. No permission of a directory that is not ours is ever widened for it; instead

- the data directory itself, when it is root's and closed, lets the account's group pass (mode 0710, no
  listing);
- when a parent is closed, such as /root or a private home, `postgres` becomes a link to a directory under
  /var/lib/saperly, or for a throwaway database to a temporary one that goes when this process ends;
- when the installed program files are out of reach they are copied once to /var/lib/saperly.
"""

from __future__ import annotations

import atexit
import contextlib
import hashlib
import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from saperly_server.core.embedded_postgres.faults import EmbeddedPostgresFailed

ACCOUNT = "saperly-postgres"
SYSTEM_DIR = Path("/var/lib/saperly")
_PREFIX = "postgres-"
_SOCKET = ".s.PGSQL.5432"
_LONGEST_SOCKET_PATH = 100
"""Bytes. The systems' own limits are 107 (Linux) and 103 (macOS)."""
_PLAIN = re.compile(r"[A-Za-z0-9/._-]+")
_ELSEWHERE = "start as an ordinary user, choose a data directory that others may enter, or set SAPERLY_DATABASE_URL"


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group ids that the database's processes run as."""

    uid: int
    gid: int

    def may(self, bits: int, status: os.stat_result) -> bool:
        """Whether this account has the permission `bits` (4 read, 1 enter or execute) of a file."""
        shift = 6 if status.st_uid == self.uid else 3 if status.st_gid == self.gid else 0
        return (status.st_mode >> shift) & bits == bits

    def reaches(self, path: Path) -> bool:
        """Whether every directory above `path` lets this account through, access control lists aside."""
        return all(self.may(1, parent.stat()) for parent in path.resolve().parents)


@dataclass(frozen=True, slots=True)
class ClusterHome:
    """The directory of one cluster and the account it runs as; None for the account of this process."""

    path: Path
    account: Account | None

    @property
    def pgdata(self) -> Path:
        return self.path / "data"

    @property
    def password_file(self) -> Path:
        return self.path / "password"

    def make_private_dir(self, path: Path) -> Path:
        """Make a directory that only the database's account can enter. An existing one stays as it is."""
        with contextlib.suppress(FileExistsError):
            path.mkdir(mode=0o700)
            self.give(path)
        return path

    def give(self, path: Path) -> None:
        """Hand something that was just made to the database's account."""
        if self.account is not None:
            os.chown(path, self.account.uid, self.account.gid, follow_symlinks=False)

    def socket_dir(self) -> Path:
        """The private directory of the Unix socket.

        It is `run` inside this home unless that path is too long for a socket or holds characters that a
        connection URL cannot carry plainly; then it is a directory of this cluster's own in the temporary
        directory.
        """
        inside = self.path / "run"
        if _fits_socket(inside):
            return self.make_private_dir(inside)
        name = "saperly-" + hashlib.sha256(os.fsencode(self.path)).hexdigest()[:12]
        fitting = [
            base / name for base in _temporary_dirs() if _fits_socket(base / name) and self._reaches(base / name)
        ]
        return self._checked(self.make_private_dir(fitting[0]))

    def _reaches(self, path: Path) -> bool:
        return self.account is None or self.account.reaches(path)

    def _checked(self, path: Path) -> Path:
        """Anybody can write to the temporary directory, so what was there before must be ours."""
        status = path.lstat()
        owner = os.geteuid() if self.account is None else self.account.uid
        if stat.S_ISDIR(status.st_mode) and status.st_uid == owner and not status.st_mode & 0o077:
            return path
        raise EmbeddedPostgresFailed(
            "The embedded database has no private place for its socket.",
            f"{path} belongs to somebody else.",
            f"remove {path}, or start with a data directory whose path is shorter",
        )


def prepare_home(data_dir: Path, *, durable: bool) -> ClusterHome:
    """The cluster's home for `data_dir`, made if it is missing. The data directory must exist.

    Raises EmbeddedPostgresFailed, or OSError where the system refuses.
    """
    link = data_dir / "postgres"
    _check_link(link, durable=durable)
    account = _account_for(data_dir)
    if account is not None and not link.is_symlink() and not _opened_to(account, data_dir) and not link.exists():
        link.symlink_to(_make_elsewhere(account, durable=durable))
    home = ClusterHome(link, account)
    return ClusterHome(home.make_private_dir(link).resolve(), account)


def discard_cluster(data_dir: Path) -> None:
    """Delete the cluster of `data_dir`, wherever it is kept; the database must be stopped."""
    link = data_dir / "postgres"
    target = link.resolve()
    if link.is_symlink() and target.name.startswith(_PREFIX):
        link.unlink()
        shutil.rmtree(target, ignore_errors=True)
    else:
        shutil.rmtree(link, ignore_errors=True)


def _check_link(link: Path, *, durable: bool) -> None:
    """A link must be ours and lead somewhere; one to a throwaway database that is over is forgotten."""
    if not link.is_symlink():
        return
    if sys.platform != "win32" and link.lstat().st_uid != os.geteuid():
        raise EmbeddedPostgresFailed(
            "The embedded database's directory is a link that another user made.",
            f"{link} -> {os.readlink(link)}",
            f"start as the user who owns {link}, or remove it",
        )
    if not link.exists() and durable:
        raise EmbeddedPostgresFailed(
            "The embedded database of this data directory is gone.",
            f"{link} -> {os.readlink(link)}, which does not exist",
            f"restore that directory, or start with an empty database: rm {shlex.quote(str(link))}",
        )
    if not link.exists():
        link.unlink()


def _fits_socket(directory: Path) -> bool:
    length = len(os.fsencode(directory / _SOCKET))
    return length <= _LONGEST_SOCKET_PATH and _PLAIN.fullmatch(str(directory)) is not None


if sys.platform == "win32":

    def _account_for(data_dir: Path) -> Account | None:
        return None

else:
    import pwd

    def _account_for(data_dir: Path) -> Account | None:
        """None for an ordinary user. For root: the owner of the existing home or of the data directory, else
        `ACCOUNT`.

        A new cluster needs an owner with a name, so a data directory whose owner has none counts as root's.
        """
        if os.geteuid() != 0:
            return None
        home = data_dir / "postgres"
        if home.exists() and home.stat().st_uid != 0:
            status = home.stat()
            return _account_of(status.st_uid) or Account(status.st_uid, status.st_gid)
        owner = data_dir.stat().st_uid
        return (_account_of(owner) if owner != 0 else None) or _system_account() or _make_system_account()

    def _account_of(uid: int) -> Account | None:
        with contextlib.suppress(KeyError):
            return Account(uid, pwd.getpwuid(uid).pw_gid)
        return None

    def _system_account() -> Account | None:
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(ACCOUNT)
            return Account(entry.pw_uid, entry.pw_gid)
        return None

    def _make_system_account() -> Account:
        """Without a login, a password or a home."""
        account = ["--system", "--user-group", "--no-create-home", "--home-dir", "/nonexistent"]
        command = ["useradd", *account, "--shell", "/usr/sbin/nologin", ACCOUNT]
        said = "useradd is not installed."
        if shutil.which(command[0]):
            done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
            said = done.stderr.strip()
        made = _system_account()
        if made is None:
            raise EmbeddedPostgresFailed(
                f"PostgreSQL does not run as root, and the account {ACCOUNT} for it could not be made.",
                said,
                f"{' '.join(command)}   or {_ELSEWHERE}",
            )
        return made


def _opened_to(account: Account, data_dir: Path) -> bool:
    """Let the account pass through the data directory, if it can get there at all."""
    if not account.reaches(data_dir):
        return False
    status = data_dir.stat()
    if account.may(1, status):
        return True
    if status.st_uid != os.geteuid():
        return False
    os.chown(data_dir, -1, account.gid)
    data_dir.chmod(stat.S_IMODE(status.st_mode) | stat.S_IXGRP)
    return True


def _make_elsewhere(account: Account, *, durable: bool) -> Path:
    """A home outside the data directory, where the account can get to."""
    bases = [system_dir()] if durable else _temporary_dirs()
    base = next((b for b in bases if account.reaches(b / _PREFIX)), None)
    if base is None:
        raise EmbeddedPostgresFailed(
            "PostgreSQL does not run as root, and its account can enter no directory for the database.",
            f"Looked at {', '.join(map(str, bases))}.",
            _ELSEWHERE,
        )
    path = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=base)).resolve()
    os.chown(path, account.uid, account.gid)
    if not durable:
        atexit.register(_remove_in, os.getpid(), path)
    return path


def _remove_in(pid: int, path: Path) -> None:
    """Forked children inherit exit handlers; only the process that made the directory may delete it."""
    if os.getpid() == pid:
        shutil.rmtree(path, ignore_errors=True)


def _temporary_dirs() -> list[Path]:
    """Where temporary files go, and the common place if that one is too long or closed."""
    return [Path(tempfile.gettempdir()), Path("/tmp")]  # noqa: S108


def system_dir() -> Path:
    """The directory for what root's databases need outside their data directories, made if it is missing."""
    if not SYSTEM_DIR.exists():
        SYSTEM_DIR.mkdir(parents=True)
        SYSTEM_DIR.chmod(0o755)
    return SYSTEM_DIR
