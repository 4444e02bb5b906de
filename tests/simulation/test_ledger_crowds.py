"""A crowd spends what there is to the last cent and nothing twice, and what happens at once has an order."""

from __future__ import annotations

import pytest
from saperly_server.verify.ledger import CROWDS, ORDERS
from saperly_server.verify.ledger.crowds import KINDS

from .conftest import Trials


@pytest.mark.parametrize("seed", range(KINDS))
async def test_a_crowd_spends_what_there_is_and_nothing_twice(trials: Trials, seed: int) -> None:
    await trials(CROWDS, seed, 1)


@pytest.mark.slow
async def test_many_crowds_spend_what_there_is_and_nothing_twice(trials: Trials) -> None:
    await trials(CROWDS, KINDS, 4 * KINDS)


async def test_whatever_happens_at_once_could_have_happened_one_after_the_other(trials: Trials) -> None:
    await trials(ORDERS, 0, 200)


@pytest.mark.slow
async def test_whatever_happens_at_once_could_have_happened_in_many_more_crowds(trials: Trials) -> None:
    await trials(ORDERS, 200, 5_000)
