"""The server that is fuzzed in this process, with everything it writes to its log."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, MutableMapping
from typing import Any

import pytest
from structlog.testing import capture_logs

from server.tests.conftest import anyio_backend, clock, dsn, postgres, stage, template

__all__ = ["anyio_backend", "clock", "dsn", "postgres", "stage", "template"]


@pytest.fixture(autouse=True)
def quiet() -> Iterator[None]:
    """Nothing that a request can do is an error to the server's log."""
    with capture_logs() as lines:
        yield
    assert errors_in(lines) == []


def errors_in(lines: Iterable[MutableMapping[str, Any]]) -> list[MutableMapping[str, Any]]:
    """What was logged as an error or worse."""
    return [line for line in lines if line["log_level"] in ("error", "critical")]
