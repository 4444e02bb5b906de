"""The port: taken before anything slow begins, so that a busy one is known at once and cannot be lost again."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from saperly_server.cli.exits import Exit, Problem

from .configuration import LOOPBACK

_TRIED = 50
_IN_USE = (errno.EADDRINUSE, errno.EACCES)


@dataclass(frozen=True, slots=True)
class Listening:
    """Bound sockets, all of one port. `instead_of` is the port that somebody else had."""

    sockets: Sequence[socket.socket]
    port: int
    instead_of: int | None = None

    def close(self) -> None:
        for one in self.sockets:
            one.close()


def listen(host: str, port: int, *, exactly: bool) -> Listening:
    """Bind `port`, or 0 for any free one. When it is taken: a Problem if it must be `exactly` this, else the next free one."""
    for candidate in [0] * _TRIED if port == 0 else range(port, min(port + _TRIED, 65536)):
        found = _bind_all(host, candidate)
        if found is not None:
            bound: int = found[0].getsockname()[1]
            return Listening(found, bound, port if port and bound != port else None)
        if exactly and port:
            break
    raise Problem(
        f"Port {port} is in use{_by_whom(port)}.",
        fix="stop that program, or choose another port; --port 0 takes a free one",
        exit_code=Exit.ENVIRONMENT,
    )


def _bind_all(host: str, port: int) -> list[socket.socket] | None:
    """Sockets on every address of the host. This machine has two names for itself, and programs use either of them."""
    addresses = ["127.0.0.1", "::1"] if host in LOOPBACK else [host]
    bound: list[socket.socket] = []
    try:
        for address in addresses:
            bound += _bind(address, port or (bound[0].getsockname()[1] if bound else 0), needed=not bound)
    except OSError as error:
        for one in bound:
            one.close()
        if error.errno in _IN_USE:
            return None
        raise Problem(
            f"{host} is not an address of this machine.",
            cause=error.strerror,
            fix="choose another --host",
            exit_code=Exit.ENVIRONMENT,
        ) from error
    return bound


def _bind(address: str, port: int, *, needed: bool) -> list[socket.socket]:
    """One socket; none where the machine lacks this kind of address and can do without."""
    one = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET, socket.SOCK_STREAM)
    try:
        if os.name == "posix":
            one.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if ":" in address:
            one.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        one.bind((address, port))
        one.listen(2048)
    except OSError as error:
        one.close()
        if needed or error.errno in _IN_USE:
            raise
        return []
    return [one]


def _by_whom(port: int) -> str:
    """` by nginx (pid 12)`, where the system tells."""
    with contextlib.suppress(OSError):
        for inode in _listeners(port):
            for process in _processes_with(f"socket:[{inode}]"):
                return f" by {(process / 'comm').read_text().strip()} (pid {process.name})"
    return ""


def _listeners(port: int) -> Iterator[str]:
    """Inodes of the sockets that listen on a port, as Linux lists them."""
    for table in (Path("/proc/net/tcp"), Path("/proc/net/tcp6")):
        for line in table.read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and int(fields[1].rpartition(":")[2], 16) == port:
                yield fields[9]


def _processes_with(link: str) -> Iterator[Path]:
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            with contextlib.suppress(OSError):
                if any(os.readlink(one) == link for one in (process / "fd").iterdir()):
                    yield process
