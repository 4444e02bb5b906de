"""Every class of bug that the proofs are for, planted on purpose: each is caught."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from saperly_server import ledger
from saperly_server.core.embedded_postgres import EmbeddedPostgres
from saperly_server.outbox import handoff
from saperly_server.verify import Ground, Proof, run_trials
from saperly_server.verify.keys import LATTICES
from saperly_server.verify.ledger import CROWDS, HISTORIES
from saperly_server.verify.opt_outs import OPT_OUT_RACES
from saperly_server.verify.schedules import EVENT_SCHEDULES
from saperly_server.verify.simulation import SIMULATION

from server.tests.planting import Plant, planted


@dataclass(frozen=True, slots=True)
class Bug:
    """A mistake, the proof that finds it, and within how many trials."""

    name: str
    plants: tuple[Plant, ...]
    proof: Proof
    trials: int


SQL_BUGS = (
    Bug(
        "a settle is lost: the hold is closed, the money does not move",
        (Plant("ledger_close_all", "return ledger_post_all(v_entries);", "return '{}';"),),
        HISTORIES,
        3,
    ),
    Bug(
        "a settle is lost: what was handed off is never paid for",
        (Plant("messaging_sent", "v_trail := ledger_close_all(v_closings, p_now);", "v_trail := '{}';"),),
        EVENT_SCHEDULES,
        40,
    ),
    Bug(
        "a cap is off by one",
        (Plant("ledger_refusal", "> p_rooms[depth] then", "> p_rooms[depth] + 1 then"),),
        HISTORIES,
        30,
    ),
    Bug(
        "a cap is read before its lock by callers at once",
        (Plant("ledger_lock_all", "for update", ""),),
        CROWDS,
        8,
    ),
    Bug(
        "a released hold stays held",
        (Plant("ledger_closing", "when p_cents is null then 'released'", "when p_cents is null then 'open'"),),
        HISTORIES,
        3,
    ),
    Bug(
        "an opt-out is not asked for",
        (Plant("gate_check_rules", "if v_state = 'opted_out' then", "if v_state = 'never' then"),),
        OPT_OUT_RACES,
        10,
    ),
    Bug(
        "a revoked key is alive",
        (
            Plant("identity_chains", "k.revoked_at is not null or", "false or"),
            Plant("gate_check_rules", "(k.revoked_at is not null or", "(false or"),
        ),
        LATTICES,
        20,
    ),
)


@pytest.mark.parametrize("bug", SQL_BUGS, ids=lambda bug: bug.name)
async def test_a_planted_bug_of_the_database_is_caught(postgres: EmbeddedPostgres, template: str, bug: Bug) -> None:
    async with planted(postgres, template, bug.plants) as name:
        result = await run_trials(bug.proof, Ground(postgres, name), 0, bug.trials)
    assert result.failures, f"{bug.proof.name} did not notice in {bug.trials} trials"


async def test_a_text_that_is_sent_twice_is_caught(
    postgres: EmbeddedPostgres, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What may have happened is done again without looking."""

    async def never(find: Any) -> None:
        return None

    monkeypatch.setattr(handoff, "_look_up", never)
    monkeypatch.setattr(handoff, "_pause", lambda error, attempt, *, repeatable: 0.01)
    result = await run_trials(SIMULATION, Ground(postgres, template), 0, 20)
    assert result.failures


async def test_a_hold_that_nobody_releases_is_caught(
    postgres: EmbeddedPostgres, template: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def forget(*_: Any) -> None:
        return None

    monkeypatch.setattr(ledger, "release", forget)
    result = await run_trials(SIMULATION, Ground(postgres, template), 0, 20)
    assert result.failures
