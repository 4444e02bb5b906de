"""Holding a call: connecting, following a script or a person at the keyboard, hanging up, telling what it cost."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass

from saperly_server.cli.exits import Exit, Problem
from saperly_server.cli.server import Server

from .display import Display, display_for
from .exchange import Exchange
from .keyboard import Keyboard
from .line import Line, connected
from .script import Expect, Press, Say, Step

_PATIENCE_SEC = 10.0
"""So long this side waits for an answer before it talks again."""
_SETTLED_WITHIN_SEC = 6.0
_HANGUP_WITHIN_SEC = 5.0
_NOT_THERE = ("invalid_number", "unavailable", "rejected")


@dataclass(frozen=True, slots=True)
class Wish:
    """Which call: to `number` from `person`, or, to `answer`, any call to `person`.

    `steps` None means a person types. `patience_sec` is for each expectation, `ring_sec` for the call to come in (None: for
    ever).
    """

    number: str
    person: str
    answer: bool
    steps: list[Step] | None
    patience_sec: float
    ring_sec: float | None


def hold(server: Server, wish: Wish, *, machine: bool) -> int:
    """Hold the call to its end; the exit code. A Problem when it cannot be had, or does not go as the script says."""
    return asyncio.run(_Call(wish, display_for(machine)).hold(server))


class _Call:
    """One call from the first ring to the last cent."""

    def __init__(self, wish: Wish, display: Display) -> None:
        self._wish = wish
        self._display = display
        self._exchange = Exchange()

    async def hold(self, server: Server) -> int:
        async with connected(server) as line, self._listening(line) as listening:
            taking_part = asyncio.ensure_future(self._take_part(line))
            await asyncio.wait({taking_part, listening}, return_when=asyncio.FIRST_COMPLETED)
            if listening.done():
                await self._heard_the_end(listening, taking_part)
            if not taking_part.cancelled():
                await taking_part
            await self._finish(line, listening)
        self._display.over(self._exchange)
        return 0

    async def _heard_the_end(self, listening: asyncio.Future[None], taking_part: asyncio.Future[None]) -> None:
        """The call is over. A script finds out by itself what that means for it; a person would go on typing."""
        try:
            listening.result()
        except Problem:
            taking_part.cancel()
            raise
        if self._wish.steps is None and self._exchange.answered:
            taking_part.cancel()
            with suppress(asyncio.CancelledError):
                await taking_part

    async def _take_part(self, line: Line) -> None:
        await self._begin(line)
        await self._talk(line)

    # -- beginning and end ---------------------------------------------------------------------------------

    async def _begin(self, line: Line) -> None:
        wish = self._wish
        if wish.answer:
            await line.send("take", number=wish.person)
            self._display.waiting(wish.person)
        else:
            await line.send("call", **{"from": wish.person, "to": wish.number})
        while not self._exchange.answered and self._exchange.ended is None:
            if not await self._exchange.change(wish.ring_sec):
                raise Problem(
                    f"Nobody called {wish.person} in {wish.ring_sec:g} seconds.",
                    exit_code=Exit.TEST_FAILED,
                    code="no_call",
                )
        if not self._exchange.answered:
            raise _not_answered(wish.number, self._exchange.ended or "failed")

    async def _finish(self, line: Line, listening: asyncio.Future[None]) -> None:
        if self._exchange.ended is None and not listening.done():
            await line.send("hangup")
        with suppress(TimeoutError):
            limit = _HANGUP_WITHIN_SEC + (_SETTLED_WITHIN_SEC if self._exchange.call_id else 0)
            await asyncio.wait_for(asyncio.shield(listening), limit)

    @asynccontextmanager
    async def _listening(self, line: Line) -> AsyncIterator[asyncio.Future[None]]:
        """Notices everything until the call is over and, where that can be known, paid."""
        task = asyncio.ensure_future(self._listen(line))
        try:
            yield task
            if task.done():
                task.result()
        finally:
            task.cancel()
            with suppress(asyncio.CancelledError, Problem):
                await task

    async def _listen(self, line: Line) -> None:
        while not self._over():
            frame = await line.frame()
            if frame["type"] == "error" and not self._exchange.answered:
                raise Problem(frame["message"], exit_code=Exit.NOT_FOUND)
            self._exchange.notice(frame)
            self._display.notice(frame, self._exchange)

    def _over(self) -> bool:
        exchange = self._exchange
        return exchange.ended is not None and (exchange.settled is not None or exchange.call_id is None)

    # -- talking -------------------------------------------------------------------------------------------

    async def _talk(self, line: Line) -> None:
        if self._wish.steps is not None:
            for step in self._wish.steps:
                await self._do(line, step)
        else:
            await self._type(line)
        await self._my_turn()

    async def _do(self, line: Line, step: Step) -> None:
        match step:
            case Expect():
                await self._hear(step)
            case Say(text):
                await self._my_turn_to(f'"{text}" could be said')
                await self._say(line, text)
            case Press(digits):
                await self._my_turn_to(f"{digits} could be pressed")
                await self._press(line, digits)

    async def _press(self, line: Line, digits: str) -> None:
        await line.send("press", digits=digits)
        self._said(f"[{digits}]")

    async def _say(self, line: Line, text: str) -> None:
        await line.send("say", text=text)
        self._said(text)

    def _said(self, text: str) -> None:
        self._exchange.said(text)
        self._display.said(text)

    async def _hear(self, expected: Expect) -> None:
        deadline = asyncio.get_running_loop().time() + self._wish.patience_sec
        while not self._exchange.meets(expected):
            left = deadline - asyncio.get_running_loop().time()
            if self._exchange.ended is not None:
                raise self._failed(f'"{expected.words}" was not heard before the call ended.')
            if left <= 0 or not await self._exchange.change(left):
                raise self._failed(f'"{expected.words}" was not heard in {self._wish.patience_sec:g} seconds.')

    def _failed(self, sentence: str) -> Problem:
        """A test that failed, with the whole exchange."""
        lines = [{"who": line.who, "text": line.text} for line in self._exchange.lines]
        return Problem(
            sentence,
            cause="\n".join(f"{line['who']}: {line['text']}" for line in lines) or "Nothing was heard at all.",
            exit_code=Exit.TEST_FAILED,
            code="expectation_failed",
            exchange=lines,
            callId=self._exchange.call_id,
        )

    async def _my_turn_to(self, do: str) -> None:
        await self._my_turn()
        if self._exchange.ended is not None:
            raise self._failed(f"The call ended before {do}.")

    async def _my_turn(self) -> None:
        """Wait until the other side has answered and finished; a silent one is not waited for without end."""
        deadline = asyncio.get_running_loop().time() + _PATIENCE_SEC
        while self._exchange.ended is None:
            wait, now = self._exchange.my_turn_in(), asyncio.get_running_loop().time()
            if wait == 0 or (now >= deadline and not self._exchange.speaking):
                return
            await self._exchange.change(max(0.05, deadline - now) if wait is None else wait)

    async def _type(self, line: Line) -> None:
        """A person types, or a program writes: lines from a pipe wait for their turn."""
        with Keyboard() as keyboard:
            while (typed := await keyboard.line()) is not None:
                if not keyboard.is_person:
                    await self._my_turn()
                if typed == "/hangup":
                    await line.send("hangup")
                elif typed.startswith("/press "):
                    await self._press(line, typed.removeprefix("/press ").strip())
                elif typed.startswith("/"):
                    self._display.help()
                elif typed:
                    await self._say(line, typed)


def _not_answered(number: str, reason: str) -> Problem:
    hint = "bind a connection to the number, and look whether there is money left: saperly balance"
    return Problem(
        f"{number} did not answer: {reason.replace('_', ' ')}.",
        fix=hint if reason in _NOT_THERE else None,
        exit_code=Exit.REFUSED if reason in _NOT_THERE else Exit.FAILED,
        code=reason,
    )
