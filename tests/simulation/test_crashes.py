"""Servers killed by kill -9 at every instant, connections that break after a commit, databases that end at once."""

from __future__ import annotations

import pytest
from saperly_server.api.app import openapi_document
from saperly_server.verify.crashes import CRASHES, DATABASE_CRASHES, LOST_COMMITS
from saperly_server.verify.crashes.operations import OPERATIONS

from .conftest import Trials

CHUNK = 50
_MUTATING = ("post", "put", "patch", "delete")


def test_every_mutating_operation_is_crashed() -> None:
    paths = openapi_document("test")["paths"]
    mutating = {path[method]["operationId"] for path in paths.values() for method in _MUTATING if method in path}
    assert {operation.name for operation in OPERATIONS} == mutating


@pytest.mark.parametrize("first_seed", range(0, 100, CHUNK))
async def test_a_killed_server_loses_nothing_and_does_nothing_twice(trials: Trials, first_seed: int) -> None:
    await trials(CRASHES, first_seed, CHUNK)


@pytest.mark.slow
@pytest.mark.parametrize("first_seed", range(100, 1_000, 100))
async def test_a_server_killed_at_many_more_instants_loses_nothing(trials: Trials, first_seed: int) -> None:
    await trials(CRASHES, first_seed, 100)


async def test_a_commit_whose_answer_is_lost_is_found_again(trials: Trials) -> None:
    await trials(LOST_COMMITS, 0, 8)


@pytest.mark.slow
async def test_many_commits_whose_answers_are_lost_are_found_again(trials: Trials) -> None:
    await trials(LOST_COMMITS, 8, 200)


async def test_a_database_that_ends_at_once_costs_a_pause(trials: Trials) -> None:
    await trials(DATABASE_CRASHES, 0, 10)


@pytest.mark.slow
async def test_a_database_that_ends_at_once_many_times_costs_many_pauses(trials: Trials) -> None:
    await trials(DATABASE_CRASHES, 10, 40)
