"""Questions and answers between the processes of a trial, over a Unix socket in a private directory.

Python objects travel as they are (pickled): both ends are this harness. Either end may ask; `tell` wants no answer.
"""

from __future__ import annotations

import asyncio
import itertools
import pickle
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any

Handle = Callable[..., Awaitable[Any]]
_LENGTH = 4


class Gone(ConnectionError):
    """The other end is not there any more; whether it did what it was asked is not known."""


class Link:
    """One end of a connection. What the other end asks is handled by `handle(name, *args)`, each in a task of its own."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, handle: Handle) -> None:
        self.over = asyncio.Event()
        self._reader = reader
        self._writer = writer
        self._handle = handle
        self._asked: dict[int, asyncio.Future[Any]] = {}
        self._numbers = itertools.count()
        self._tasks: set[asyncio.Task[None]] = set()
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def to(cls, path: str, handle: Handle) -> Link:
        """Connect to the socket at `path`."""
        return cls(*await asyncio.open_unix_connection(path), handle)

    def tell(self, name: str, *args: Any) -> None:
        """Say something. It is lost when the other end has gone."""
        self._send(("tell", 0, name, args))

    def asking(self, name: str, *args: Any) -> asyncio.Future[Any]:
        """Put a question on its way; the answer, or the exception it ended in. Gone when none can come."""
        number = next(self._numbers)
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        answer.add_done_callback(_known)
        if self.over.is_set():
            answer.set_exception(Gone(name))
            return answer
        self._asked[number] = answer
        self._send(("ask", number, name, args))
        return answer

    async def ask(self, name: str, *args: Any) -> Any:
        return await self.asking(name, *args)

    def watch(self, work: Coroutine[Any, Any, None]) -> None:
        """Let something run beside the connection."""
        task = asyncio.ensure_future(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    def close(self) -> None:
        self._reading.cancel()
        self._end()

    def _send(self, message: tuple[Any, ...]) -> None:
        if self._writer.is_closing():
            return
        data = pickle.dumps(message)
        self._writer.write(len(data).to_bytes(_LENGTH, "big") + data)

    async def _read(self) -> None:
        try:
            while True:
                length = int.from_bytes(await self._reader.readexactly(_LENGTH), "big")
                self._take(pickle.loads(await self._reader.readexactly(length)))  # noqa: S301  our own processes
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._end()

    def _take(self, message: tuple[Any, ...]) -> None:
        kind, number, name, content = message
        if kind in ("answer", "error"):
            _settle(self._asked.pop(number), kind, content)
            return
        self.watch(self._serve(kind, number, name, content))

    async def _serve(self, kind: str, number: int, name: str, args: tuple[Any, ...]) -> None:
        try:
            answer: tuple[Any, ...] = ("answer", number, name, await self._handle(name, *args))
        except Exception as error:
            answer = ("error", number, name, (type(error), error.args, error.__dict__))
        if kind == "ask":
            self._send(answer)

    def _end(self) -> None:
        self.over.set()
        self._writer.close()
        for answer in self._asked.values():
            if not answer.done():
                answer.set_exception(Gone("no answer"))
        self._asked.clear()


def _settle(answer: asyncio.Future[Any], kind: str, content: Any) -> None:
    if answer.done():
        return
    if kind == "error":
        answer.set_exception(_raised(*content))
    else:
        answer.set_result(content)


def _raised(kind: type[Exception], args: tuple[Any, ...], members: dict[str, Any]) -> Exception:
    """An exception as it was; its constructor may want other arguments than those it kept."""
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(members)
    return error


def _known(answer: asyncio.Future[Any]) -> None:
    """Nobody waits any more for what was asked by a task that has ended: that is no news."""
    if not answer.cancelled():
        answer.exception()
