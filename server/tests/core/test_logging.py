"""Logs: JSON for machines, short lines for people, and what a person said only where it may be."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog
from saperly_server.core.logging import configure


@pytest.fixture(autouse=True)
def _as_before() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    structlog.reset_defaults()


def _logged(*, machine: bool, keep_personal: bool, level: str = "info") -> io.StringIO:
    stream = io.StringIO()
    configure(level=level, machine=machine, keep_personal=keep_personal, stream=stream)
    return stream


def _fail(secret: str) -> None:
    raise ValueError(secret)


def test_a_machine_gets_one_object_per_line() -> None:
    stream = _logged(machine=True, keep_personal=False)
    structlog.get_logger("x").info("something happened", call_id="call_1")
    event = json.loads(stream.getvalue())
    assert (event["event"], event["level"], event["call_id"]) == ("something happened", "info", "call_1")
    assert event["timestamp"].endswith("Z")


def test_personal_fields_are_dropped_by_one_rule() -> None:
    stream = _logged(machine=True, keep_personal=False)
    structlog.get_logger("x").warning("heard", **{"pii.text": "my secret", "call_id": "1"})
    assert "my secret" not in stream.getvalue()
    kept = _logged(machine=True, keep_personal=True)
    structlog.get_logger("y").warning("heard", **{"pii.text": "my secret"})
    assert json.loads(kept.getvalue())["pii.text"] == "my secret"


@pytest.mark.parametrize("logger", ["structlog", "standard"])
def test_an_exception_shows_where_it_came_from_but_not_its_words(logger: str) -> None:
    stream = _logged(machine=True, keep_personal=False)
    try:
        _fail("my secret")
    except ValueError:
        if logger == "structlog":
            structlog.get_logger("z").exception("it failed")
        else:
            logging.getLogger("z").exception("it failed")
    assert "my secret" not in stream.getvalue()
    (line,) = stream.getvalue().splitlines()
    event = json.loads(line)
    assert event["error"] == "ValueError"
    assert event["trace"][-1].endswith("in _fail")


def test_a_person_gets_a_short_line_without_a_traceback() -> None:
    stream = _logged(machine=False, keep_personal=True, level="warning")
    structlog.get_logger("x").info("not shown")
    try:
        _fail("the cause")
    except ValueError:
        structlog.get_logger("x").exception("it failed", call_id="call_1")
    (line,) = stream.getvalue().splitlines()
    assert "error   it failed  call_id=call_1 error=ValueError error=the cause" in line


def test_at_level_debug_a_person_gets_the_traceback_too() -> None:
    stream = _logged(machine=False, keep_personal=True, level="debug")
    try:
        _fail("the cause")
    except ValueError:
        structlog.get_logger("x").exception("it failed")
    assert "Traceback" in stream.getvalue()
