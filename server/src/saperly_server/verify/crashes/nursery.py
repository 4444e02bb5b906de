"""Where processes are born quickly: one with everything imported and nothing running forks a child for each.

Starting Python and importing the server takes over a second, a fork some hundredths. The children end with the harness:
each holds a link to it, or is killed by the nursery, which ends when its input does.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import os
import pickle
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from .exchange import NetworkArguments
from .victim import ServerArguments

Arguments = NetworkArguments | ServerArguments


class Nursery:
    """The harness's end of it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._one_at_a_time = asyncio.Lock()

    @classmethod
    @asynccontextmanager
    async def open(cls) -> AsyncIterator[Nursery]:
        """A nursery; its children are gone at the end."""
        pipe = asyncio.subprocess.PIPE
        program = f"from {__name__} import tend; tend()"
        process = await asyncio.create_subprocess_exec(sys.executable, "-P", "-c", program, stdin=pipe, stdout=pipe)
        try:
            yield cls(process)
        finally:
            assert process.stdin is not None
            process.stdin.close()
            await process.wait()

    async def bear(self, arguments: Arguments) -> int:
        """A new process; its id."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        async with self._one_at_a_time:
            self._process.stdin.write(base64.b64encode(pickle.dumps(arguments)) + b"\n")
            return int(await self._process.stdout.readline())


def end(pid: int) -> None:
    """kill -9 one of the children."""
    with suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def tend() -> None:
    """Fork a child for each line of the input; kill what is left of them when it ends."""
    gc.collect()
    gc.freeze()
    children: set[int] = set()
    for line in sys.stdin.buffer:
        arguments = pickle.loads(base64.b64decode(line))  # noqa: S301  from the harness that started this process
        pid = os.fork()
        if pid == 0:
            _live(arguments)
        _reap(children)
        children.add(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    for pid in children:
        end(pid)


def _reap(children: set[int]) -> None:
    for pid in tuple(children):
        if os.waitpid(pid, os.WNOHANG)[0]:
            children.discard(pid)


def _live(arguments: Arguments) -> None:
    """A child's whole life."""
    from . import exchange, victim

    sys.stdin.close()
    try:
        if isinstance(arguments, NetworkArguments):
            _loop(exchange.run(arguments))
        else:
            _loop(victim.run(arguments))
    finally:
        os._exit(1)


def _loop(work: object) -> None:
    import uvloop

    uvloop.run(work)  # type: ignore[arg-type]
