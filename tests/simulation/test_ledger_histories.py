"""After every step of any history the books are what plain arithmetic says."""

from __future__ import annotations

import pytest
from saperly_server.verify.ledger import HISTORIES

from .conftest import Trials

CHUNK = 250


@pytest.mark.parametrize("first_seed", range(0, 2_000, CHUNK))
async def test_the_books_are_right_after_every_step(trials: Trials, first_seed: int) -> None:
    await trials(HISTORIES, first_seed, CHUNK)


@pytest.mark.slow
@pytest.mark.parametrize("first_seed", range(2_000, 10_000, 1_000))
async def test_the_books_are_right_after_every_step_of_many_more(trials: Trials, first_seed: int) -> None:
    await trials(HISTORIES, first_seed, 1_000)
