"""The carrier's news in any order, doubled, late, missing: one end."""

from __future__ import annotations

import pytest
from saperly_server.verify.schedules import EVENT_SCHEDULES

from .conftest import Trials

CHUNK = 250


@pytest.mark.parametrize("first_seed", range(0, 2_000, CHUNK))
async def test_calls_and_texts_end_as_the_news_say_in_any_order(trials: Trials, first_seed: int) -> None:
    await trials(EVENT_SCHEDULES, first_seed, CHUNK)


@pytest.mark.slow
@pytest.mark.parametrize("first_seed", range(2_000, 20_000, 1_000))
async def test_calls_and_texts_end_as_the_news_say_in_many_more_orders(trials: Trials, first_seed: int) -> None:
    await trials(EVENT_SCHEDULES, first_seed, 1_000)
