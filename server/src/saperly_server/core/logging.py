"""Logs: one JSON object per line for machines, one quiet line per problem for a person at a terminal.

The text of a log message is fixed. Whatever a caller says, a number, a digit or a provider's payload travels in a field whose
name begins with `pii.`, and so does the text of an exception; one rule keeps or drops them all. Logs go to stderr: stdout is
for data.
"""

from __future__ import annotations

import logging
import sys
import traceback
from collections.abc import Sequence
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

import structlog

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

PERSONAL = "pii."
_CONSOLE_FACTS = 3


def configure(*, level: str, machine: bool, keep_personal: bool, stream: TextIO | None = None) -> None:
    """Set up logging for this process, for structlog and for libraries that use the standard module.

    `machine`: JSON; otherwise a short line, with the traceback of an exception only at level debug. `keep_personal` False
    drops every field that begins with `pii.`.
    """
    lowest = logging.getLevelNamesMapping()[level.upper()]
    shared = _processors(keep_personal)
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(lowest),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=True,
    )
    render: Processor = structlog.processors.JSONRenderer() if machine else ConsoleLines(traces=level == "debug")
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, render],
        )
    )
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(lowest)
    for chatty in ("httpx", "httpcore", "httpx2", "alembic", "asyncio", "uvicorn"):
        logging.getLogger(chatty).setLevel(max(lowest, logging.WARNING))


def _processors(keep_personal: bool) -> list[Processor]:
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        _exception,
    ]
    return shared if keep_personal else [*shared, without_personal]


def without_personal(_: Any, __: str, event: EventDict) -> EventDict:
    """The event without its personal fields."""
    return {name: value for name, value in event.items() if not name.startswith(PERSONAL)}


def _exception(_: Any, __: str, event: EventDict) -> EventDict:
    """An exception as its type and where it came from; its text may quote a person, so that is a personal field."""
    found = event.pop("exc_info", None)
    if found is True:
        found = sys.exc_info()
    error = found[1] if isinstance(found, tuple) else found
    if isinstance(error, BaseException):
        event["error"] = type(error).__name__
        event["trace"] = _places(error.__traceback__)
        event["pii.error"] = str(error)
        event["pii.traceback"] = "".join(traceback.format_exception(error))
    return event


def _places(trace: TracebackType | None) -> list[str]:
    return [f"{frame.filename}:{frame.lineno} in {frame.name}" for frame in traceback.extract_tb(trace)]


class ConsoleLines:
    """Renders an event as `  12:04:11  warning  what happened  call_id=…`."""

    def __init__(self, *, traces: bool) -> None:
        self._traces = traces

    def __call__(self, _: Any, __: str, event: EventDict) -> str:
        moment = str(event.pop("timestamp", ""))[11:19]
        level, what = event.pop("level", "info"), event.pop("event", "")
        trace = event.pop("pii.traceback", None)
        event.pop("trace", None)
        line = f"  {moment}  {level:<7} {what}{_facts(event)}"
        return f"{line}\n{trace}" if trace and self._traces else line


def _facts(event: EventDict) -> str:
    facts: Sequence[tuple[str, Any]] = [
        (name.removeprefix(PERSONAL), value)
        for name, value in event.items()
        if value is not None and not name.startswith("_") and name != "request_id"
    ]
    shown = [f"{name}={str(value).splitlines()[0][:100] if str(value) else ''}" for name, value in facts]
    return "  " + " ".join(shown[:_CONSOLE_FACTS]) if shown else ""
