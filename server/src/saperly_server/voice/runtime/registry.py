"""The live calls of this process, found by our id or the carrier's."""

from __future__ import annotations

from collections.abc import Iterator

from saperly_carriers.port import CallHandle

from .live import LiveCall


class LiveCalls:
    """Calls in this process's hands."""

    def __init__(self) -> None:
        self._by_id: dict[str, LiveCall] = {}
        self._by_handle: dict[str, LiveCall] = {}

    def add(self, call: LiveCall) -> None:
        self._by_id[call.facts.call_id] = call
        if call.handle is not None:
            self._by_handle[call.handle.call_id] = call

    def connect(self, call: LiveCall, handle: CallHandle) -> None:
        """The carrier has a name for it now."""
        call.handle = handle
        if call.facts.call_id in self._by_id:
            self._by_handle[handle.call_id] = call

    def drop(self, call: LiveCall) -> None:
        self._by_id.pop(call.facts.call_id, None)
        if call.handle is not None:
            self._by_handle.pop(call.handle.call_id, None)

    def get(self, call_id: str) -> LiveCall | None:
        return self._by_id.get(call_id)

    def at_carrier(self, carrier_call_id: str | None) -> LiveCall | None:
        return self._by_handle.get(carrier_call_id or "")

    def __iter__(self) -> Iterator[LiveCall]:
        return iter(tuple(self._by_id.values()))

    def __len__(self) -> int:
        return len(self._by_id)
