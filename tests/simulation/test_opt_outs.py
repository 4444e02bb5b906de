"""Nobody is contacted from the instant on at which they said no."""

from __future__ import annotations

import pytest
from saperly_server.verify.opt_outs import OPT_OUT_RACES

from .conftest import Trials

CHUNK = 30


@pytest.mark.parametrize("first_seed", range(0, 120, CHUNK))
async def test_an_opt_out_wins_against_everything_on_its_way(trials: Trials, first_seed: int) -> None:
    await trials(OPT_OUT_RACES, first_seed, CHUNK)


@pytest.mark.slow
@pytest.mark.parametrize("first_seed", range(1_000, 3_000, 250))
async def test_an_opt_out_wins_in_many_more_races(trials: Trials, first_seed: int) -> None:
    await trials(OPT_OUT_RACES, first_seed, 250)
