"""Lines from standard input, without holding up the call."""

from __future__ import annotations

import asyncio
import os
import sys
import threading
from contextlib import suppress
from typing import Self

_CHUNK = 4096


class Keyboard:
    """Reads in a thread of its own, which ends with the process: nothing can interrupt a read from a terminal."""

    def __init__(self) -> None:
        self.is_person = is_terminal()
        self._loop = asyncio.get_running_loop()
        self._lines: asyncio.Queue[str | None] = asyncio.Queue()

    def __enter__(self) -> Self:
        threading.Thread(target=self._read, daemon=True, name="keyboard").start()
        return self

    def __exit__(self, *_: object) -> None:
        """The thread is left to its read."""

    async def line(self) -> str | None:
        """The next line; None at the end of the input."""
        return await self._lines.get()

    def _read(self) -> None:
        """Past Python's own buffer, whose lock a thread that never ends would hold against the interpreter's end."""
        unfinished = b""
        with suppress(OSError, ValueError, AttributeError):  # closed, or never there: the end
            while read := os.read(sys.stdin.fileno(), _CHUNK):
                *lines, unfinished = (unfinished + read).split(b"\n")
                for line in lines:
                    self._put(_decoded(line))
        if unfinished:
            self._put(_decoded(unfinished))
        self._put(None)

    def _put(self, line: str | None) -> None:
        try:
            self._loop.call_soon_threadsafe(self._lines.put_nowait, line)
        except RuntimeError:
            return  # the call is over, and the loop with it


def is_terminal() -> bool:
    """A process may have been started without any standard input."""
    return sys.stdin is not None and not sys.stdin.closed and sys.stdin.isatty()


def _decoded(line: bytes) -> str:
    return line.decode("utf-8", "replace").strip()
