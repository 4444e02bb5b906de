"""A command as a brain, in any language: lines in, lines out."""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import signal
from contextlib import suppress
from pathlib import Path

from saperly_server.cli.exits import Exit, Problem

from .contracts import ANSWER_WITHIN_SEC, Broken, Directive, Event, directive

_GOODBYE_WITHIN_SEC = 2.0
_ENDS_WITHIN_SEC = 2.0
_STRAY_SEC = 0.001
_LONGEST_LINE = 2**20


class CommandThinker:
    """A command that gets one event in JSON on each line, and answers each with a line: text, or a directive in JSON.

    One process for all calls, asked one thing at a time. It is started again when it has ended, when it did not answer, and
    when a file that the command names has changed.
    """

    def __init__(self, command: str) -> None:
        self._words = shlex.split(command)
        if not self._words:
            raise Problem("The command is empty.", fix="saperly brain --cmd 'node brain.mjs'", exit_code=Exit.USAGE)
        self._started_with: list[int] = []
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def think(self, event: Event) -> Directive:
        async with self._one_at_a_time:
            line = await self._answer(event)
        return directive(_read(line.decode("utf-8", "replace").strip()))

    async def _answer(self, event: Event) -> bytes:
        """The line that answers an event. A process that gives none is ended: its next line would answer something else."""
        process = await self._running()
        assert process.stdin is not None and process.stdout is not None  # noqa: PT018  both are pipes
        try:
            await _forget_strays(process.stdout)
            process.stdin.write(json.dumps(event, ensure_ascii=False).encode() + b"\n")
            await process.stdin.drain()
            within = _GOODBYE_WITHIN_SEC if event["type"] == "call_ended" else ANSWER_WITHIN_SEC
            line = await asyncio.wait_for(process.stdout.readline(), within)
        except TimeoutError:
            await self.close()
            raise Broken(f"the command gives no answer to {event['type']}; every event wants one line") from None
        except (BrokenPipeError, ConnectionResetError, ValueError) as error:
            await self.close()
            raise Broken(f"the command cannot be talked with: {error}") from error
        if not line.endswith(b"\n"):
            raise Broken("the command ended")
        return line

    async def _running(self) -> asyncio.subprocess.Process:
        files = _changed_at(self._words)
        if files != self._started_with:
            await self.close()
        self._started_with = files
        if self._process is None or self._process.returncode is not None:
            self._process = await self._start()
        return self._process

    async def _start(self) -> asyncio.subprocess.Process:
        pipe, environ = asyncio.subprocess.PIPE, {**os.environ, "PYTHONUNBUFFERED": "1"}
        try:
            return await asyncio.create_subprocess_exec(
                *self._words, stdin=pipe, stdout=pipe, env=environ, limit=_LONGEST_LINE, start_new_session=True
            )
        except OSError as error:
            raise Broken(f"{self._words[0]} cannot be started: {error}") from error

    async def close(self) -> None:
        """End the process and what it has started, by force if it does not go."""
        process, self._process = self._process, None
        if process is None or process.returncode is not None:
            return
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError):
                os.killpg(process.pid, number)
            with suppress(TimeoutError):
                await asyncio.wait_for(process.wait(), _ENDS_WITHIN_SEC)
                return


async def _forget_strays(output: asyncio.StreamReader) -> None:
    """Lines that nobody asked for (a debugging print) answer nothing."""
    with suppress(TimeoutError):
        while await asyncio.wait_for(output.readline(), _STRAY_SEC):
            pass


def _changed_at(words: list[str]) -> list[int]:
    """When the files among the words were last written."""
    return [Path(word).stat().st_mtime_ns for word in words if Path(word).is_file()]


def _read(line: str) -> object:
    if not line.startswith("{"):
        return line
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise Broken(f"the command wrote broken JSON: {error}") from error
