"""Ground for the proofs: one scratch PostgreSQL in memory for each worker."""

from __future__ import annotations

import pytest
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.verify import Ground, Proof, run_trials

from server.tests.conftest import anyio_backend, postgres, template

__all__ = ["anyio_backend", "postgres", "template"]


@pytest.fixture(scope="session")
async def ground(postgres: EmbeddedPostgres, template: str) -> Ground:
    return Ground(postgres, template)


class Trials:
    """Runs trials of a proof; a failing one is told with the command that runs it again."""

    def __init__(self, ground: Ground) -> None:
        self._ground = ground

    async def __call__(self, proof: Proof, first_seed: int, count: int) -> None:
        result = await run_trials(proof, self._ground, first_seed, count)
        assert not result.failures, f"{result.failures[0].problem}\nagain: {result.failures[0].replay}"


@pytest.fixture(scope="session")
def trials(ground: Ground) -> Trials:
    return Trials(ground)
