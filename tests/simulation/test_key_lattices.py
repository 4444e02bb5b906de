"""No key can do more than its parent, and a dead key nothing, after any sequence of changes."""

from __future__ import annotations

import pytest
from saperly_server.verify.keys import LATTICES

from .conftest import Trials

CHUNK = 125


@pytest.mark.parametrize("first_seed", range(0, 1_000, CHUNK))
async def test_keys_stay_within_their_parents(trials: Trials, first_seed: int) -> None:
    await trials(LATTICES, first_seed, CHUNK)


@pytest.mark.slow
@pytest.mark.parametrize("first_seed", range(1_000, 10_000, 1_000))
async def test_keys_stay_within_their_parents_in_many_more_sequences(trials: Trials, first_seed: int) -> None:
    await trials(LATTICES, first_seed, 1_000)
