"""A command as a brain, in any language: lines in, lines out."""

from __future__ import annotations

import asyncio
import json
import shlex
from pathlib import Path

from .contracts import ANSWER_WITHIN_SEC, Broken, Directive, Event, directive


class CommandThinker:
    """A command that gets one event in JSON on each line, and answers each with a line: text, or a directive in JSON.

    One process for all calls, asked one thing at a time. It is started again when it has ended, and when a file that the
    command names has changed.
    """

    def __init__(self, command: str) -> None:
        self._words = shlex.split(command)
        self._started_with: list[int] = []
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time = asyncio.Lock()

    async def think(self, event: Event) -> Directive:
        async with self._one_at_a_time:
            process = await self._running()
            assert process.stdin is not None and process.stdout is not None  # noqa: PT018  both are pipes
            try:
                process.stdin.write(json.dumps(event, ensure_ascii=False).encode() + b"\n")
                await process.stdin.drain()
                line = await asyncio.wait_for(process.stdout.readline(), ANSWER_WITHIN_SEC)
            except TimeoutError:
                await self.close()  # an answer that comes later would be taken for that to the next event
                raise Broken("the command gives no answer") from None
            except (BrokenPipeError, ConnectionResetError, ValueError) as error:
                raise Broken(f"the command takes no events: {error}") from error
        if not line.endswith(b"\n"):
            raise Broken("the command ended")
        return directive(_read(line.decode("utf-8", "replace").strip()))

    async def _running(self) -> asyncio.subprocess.Process:
        files = _changed_at(self._words)
        if files != self._started_with:
            await self.close()
        self._started_with = files
        if self._process is None or self._process.returncode is not None:
            pipe = asyncio.subprocess.PIPE
            try:
                self._process = await asyncio.create_subprocess_exec(*self._words, stdin=pipe, stdout=pipe)
            except OSError as error:
                raise Broken(f"{self._words[0]} cannot be started: {error}") from error
        return self._process

    async def close(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.terminate()
            await self._process.wait()


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
