"""A Python file as a brain."""

from __future__ import annotations

import asyncio
import inspect
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

from saperly_protocol import parse_event

from .contracts import ANSWER_WITHIN_SEC, LISTEN, Broken, Directive, Event, directive

_NAME = "brain"
_HANDLER = {
    "inbound_call": "on_inbound_call",
    "outbound_call": "on_outbound_call",
    "turn": "on_turn",
    "call_ended": "on_call_ended",
}


class FileThinker:
    """A Python file with functions `on_inbound_call`, `on_turn` and so on, each of one event. It is read again when it has
    changed; a file that cannot be read leaves the last one that could in place."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read_at: float | None = None
        self._module: ModuleType | None = None

    async def think(self, event: Event) -> Directive:
        module = self._current()
        handler = getattr(module, _HANDLER.get(event["type"], ""), None)
        if handler is None and event["type"] == "outbound_call":
            handler = getattr(module, "on_inbound_call", None)
        if handler is None:
            return LISTEN
        try:
            async with asyncio.timeout(ANSWER_WITHIN_SEC):
                return directive(await _said(handler, _as_object(event)))
        except Broken:
            raise
        except TimeoutError:
            raise Broken(f"{_HANDLER[event['type']]} takes too long") from None
        except Exception as error:
            raise Broken(f"{_HANDLER[event['type']]} raised {type(error).__name__}: {error}") from error

    def _current(self) -> ModuleType:
        changed_at = self._path.stat().st_mtime_ns if self._path.exists() else None
        if self._module is None or changed_at not in (None, self._read_at):
            self._read_at = changed_at
            self._module = _module_of(self._path)
        return self._module

    async def close(self) -> None:
        """Nothing to give back."""


async def _said(handler: Callable[[Any], Any], event: Any) -> Any:
    """What a function says. An ordinary one has a thread of its own, so that it may take its time."""
    said = await asyncio.to_thread(handler, event)
    return await said if inspect.isawaitable(said) else said


def _module_of(path: Path) -> ModuleType:
    """Read and run a file. What it imports from its own folder is found, and is read once."""
    module = ModuleType(_NAME)
    module.__file__ = str(path)
    sys.modules[_NAME] = module
    folder = str(path.resolve().parent)
    if folder not in sys.path:
        sys.path.insert(0, folder)
    try:
        exec(compile(path.read_bytes(), str(path), "exec"), module.__dict__)  # noqa: S102  the developer's own file
    except Exception as error:
        raise Broken(f"{path.name} cannot be read: {type(error).__name__}: {error}") from error
    if not any(hasattr(module, name) for name in _HANDLER.values()):
        raise Broken(f"{path.name} has none of {', '.join(_HANDLER.values())}")
    return module


def _as_object(event: Event) -> SimpleNamespace:
    """An event with its members as attributes: `event.user_text`."""
    return SimpleNamespace(**parse_event(event).model_dump())
