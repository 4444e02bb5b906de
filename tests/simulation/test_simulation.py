"""The whole control plane, with everything that can go wrong, against a reference in plain Python."""

from __future__ import annotations

import pytest
from saperly_server.verify.simulation import SIMULATION

from .conftest import Trials

CHUNK = 4


@pytest.mark.parametrize("first_seed", range(0, 24, CHUNK))
async def test_the_books_and_consent_survive_whatever_happens(trials: Trials, first_seed: int) -> None:
    await trials(SIMULATION, first_seed, CHUNK)


@pytest.mark.slow
@pytest.mark.parametrize("first_seed", range(1_000, 1_500, 50))
async def test_the_books_and_consent_survive_whatever_happens_in_many_more_worlds(
    trials: Trials, first_seed: int
) -> None:
    await trials(SIMULATION, first_seed, 50)
