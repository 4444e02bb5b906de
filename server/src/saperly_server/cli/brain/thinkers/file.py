"""A Python file as a brain."""

from __future__ import annotations

import importlib.util
import inspect
from pathlib import Path
from types import ModuleType, SimpleNamespace

from saperly_protocol import parse_event

from .contracts import LISTEN, Broken, Directive, Event, directive

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
        handler = getattr(module, _HANDLER[event["type"]], None)
        if handler is None and event["type"] == "outbound_call":
            handler = getattr(module, "on_inbound_call", None)
        if handler is None:
            return LISTEN
        try:
            said = handler(_as_object(event))
            return directive(await said if inspect.isawaitable(said) else said)
        except Broken:
            raise
        except Exception as error:
            raise Broken(f"{handler.__name__} raised {type(error).__name__}: {error}") from error

    def _current(self) -> ModuleType:
        changed_at = self._path.stat().st_mtime_ns if self._path.exists() else None
        if self._module is None or changed_at not in (None, self._read_at):
            self._read_at = changed_at
            self._module = _module_of(self._path)
        return self._module

    async def close(self) -> None:
        """Nothing to give back."""


def _module_of(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location("brain", path)
    if spec is None or spec.loader is None or not path.exists():
        raise Broken(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise Broken(f"{path.name} cannot be read: {type(error).__name__}: {error}") from error
    if not any(hasattr(module, name) for name in _HANDLER.values()):
        raise Broken(f"{path.name} has none of {', '.join(_HANDLER.values())}")
    return module


def _as_object(event: Event) -> SimpleNamespace:
    """An event with its members as attributes: `event.user_text`."""
    return SimpleNamespace(**parse_event(event).model_dump())
