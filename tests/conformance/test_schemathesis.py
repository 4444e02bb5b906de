"""The server does what its OpenAPI document says, for requests that nobody thought of."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from .conftest import World
from .schema_run import Findings, run

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "contract" / "openapi.v2.json").read_text("utf-8"))
EVERY_OPERATION = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}


def _generated(url: str, world: World, *, requests: int, sequences: int, seed: int = 1) -> Findings:
    """Examples and edges of every schema, then `requests` random ones for each operation, then random sequences."""
    phases = {
        "fuzzing": {"enabled": True, "generation": {"max-examples": requests}},
        "stateful": {"enabled": True, "generation": {"max-examples": sequences}},
    }
    return run(DOCUMENT, url, world, {"seed": seed, "phases": phases})


def test_generated_requests_get_documented_answers(server_url: str, world: World) -> None:
    found = _generated(server_url, world, requests=4, sequences=4)
    assert not found.report(), found.report()
    assert found.operations == EVERY_OPERATION
    assert found.requests > 1_500
    assert {200, 201, 400, 401, 404, 405, 422} <= set(found.statuses)


@pytest.mark.slow
def test_many_generated_requests_get_documented_answers(server_url: str, world: World) -> None:
    found = _generated(server_url, world, requests=100, sequences=100, seed=2)
    assert not found.report(), found.report()
