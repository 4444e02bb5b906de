"""The server does what its OpenAPI document says, for ten thousand requests that nobody thought of."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from .aftermath import findings_of_the_doctor, rows_of
from .conftest import Server, World, furnished_world
from .schema_run import Findings, run

DOCUMENT: dict[str, Any] = json.loads((Path(__file__).parents[2] / "contract" / "openapi.v2.json").read_text("utf-8"))
EVERY_OPERATION = {f"{method.upper()} {path}" for path, methods in DOCUMENT["paths"].items() for method in methods}
_OFF = {"enabled": False}
_MOST_TURNS = 40
_PHASES = ("examples", "coverage", "fuzzing", "stateful")


@dataclass(frozen=True, slots=True)
class Chunk:
    """A part of the run that is a test of its own, so that parts can run at once: `at_least` is how many requests it makes.

    `edges`: the examples and the edges of every schema. `random`: random requests, valid and broken, `budget` for each
    operation. `sequences`: in each of them an answer feeds the next request.
    """

    kind: str
    at_least: int
    budget: int = 0
    seed: int = 1
    prefix: str = ""

    def __str__(self) -> str:
        return f"{self.kind}{self.prefix}-{self.seed}"

    def phases(self) -> dict[str, Any]:
        wanted = {"edges": ("examples", "coverage"), "random": ("fuzzing",), "sequences": ("stateful",)}[self.kind]
        on = {"enabled": True, **({"generation": {"max-examples": self.budget}} if self.budget else {})}
        return {phase: on if phase in wanted else _OFF for phase in _PHASES}


USUAL = (
    Chunk("edges", 2_200),
    Chunk("edges", 2_200, prefix="/v2"),
    Chunk("random", 1_150, 30, seed=1),
    Chunk("random", 1_150, 30, seed=2, prefix="/v2"),
    Chunk("random", 1_150, 30, seed=3),
    Chunk("sequences", 1_100, 60, seed=1),
    Chunk("sequences", 1_100, 60, seed=2, prefix="/v2"),
)
MANY = (
    *(Chunk("random", 3_800, 100, seed=seed) for seed in range(10, 25)),
    *(Chunk("sequences", 3_400, 60, seed=seed) for seed in range(10, 20)),
)


def test_the_parts_make_ten_thousand_and_a_hundred_thousand_requests() -> None:
    assert sum(chunk.at_least for chunk in USUAL) >= 10_000
    assert sum(chunk.at_least for chunk in (*USUAL, *MANY)) >= 100_000


@pytest.fixture(scope="module")
def bystander(server: Server) -> World:
    """Another customer, who does nothing while others are busy; the calls are over."""
    return furnished_world(server, live_calls=False)


@pytest.fixture
def world(server: Server, bystander: World) -> Iterator[World]:
    """A furnished workspace for one part of the run; afterwards the books are right and the bystander is as before."""
    made = furnished_world(server)
    before = rows_of(server.dsn, bystander.numbers[0])
    yield made
    assert findings_of_the_doctor(server.dsn) == []
    assert rows_of(server.dsn, bystander.numbers[0]) == before


@pytest.mark.parametrize("chunk", USUAL, ids=str)
def test_generated_requests_get_documented_answers(server: Server, world: World, chunk: Chunk) -> None:
    _check(server, world, chunk)


@pytest.mark.slow
@pytest.mark.parametrize("chunk", MANY, ids=str)
def test_many_generated_requests_get_documented_answers(server: Server, world: World, chunk: Chunk) -> None:
    _check(server, world, chunk)


def _check(server: Server, world: World, chunk: Chunk) -> None:
    found = _generated(server, world, chunk)
    assert not found.report(), found.report()
    assert found.requests >= chunk.at_least
    assert set(found.statuses) & {200, 201, 401, 404} == {200, 201, 401, 404}
    assert not [status for status in found.statuses if status >= 500 and status != 502]
    if chunk.kind != "sequences":
        assert found.operations == EVERY_OPERATION


def _generated(server: Server, world: World, chunk: Chunk) -> Findings:
    """Runs until there are enough requests: one ends early when an answer takes away what its next request needs."""
    found = Findings()
    for turn in range(_MOST_TURNS):
        config = {"seed": chunk.seed + 1_000 * turn, "phases": chunk.phases()}
        found.add(run(DOCUMENT, server.url + chunk.prefix, world, config))
        if found.requests >= chunk.at_least or found.report():
            break
    return found
