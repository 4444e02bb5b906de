"""Everything that the tables say about the money of one workspace, and what the doctor says about it, in one question."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

import asyncpg
import orjson

from saperly_server import doctor

from .books import Entry

_READ = """
create or replace function pg_temp.verify_money(p_workspace text) returns json stable language plpgsql
set enable_nestloop = off set enable_hashjoin = on set plan_cache_mode = force_generic_plan as $$
begin
    return (select json_build_object(
        'accounts', (select json_object_agg(environment, json_build_array(available_cents, held_cents, seq))
                     from accounts where workspace_id = p_workspace),
        'spends', (select coalesce(json_agg(json_build_array(key_id, period, held_cents, settled_cents)), '[]')
                   from key_spend where workspace_id = p_workspace and (held_cents, settled_cents) <> (0, 0)),
        'holds', (select coalesce(json_object_agg(id, json_build_array(state, amount_cents, settled_cents, month, key_id)),
                                  '{}')
                  from holds where workspace_id = p_workspace),
        'entries', (select coalesce(json_agg(json_build_array(
                        environment, entry_type, available_delta, held_delta, contra_delta, contra_account,
                        available_after, held_after, hold_id, seq, id) order by environment, seq), '[]')
                    from ledger_entries where workspace_id = p_workspace),
        'findings', (select coalesce(json_agg(json_build_array(invariant, row_id, sentence)), '[]') from (CHECKS) found)));
end $$
"""


@dataclass(frozen=True, slots=True)
class Reading:
    """What one workspace's tables say at one instant.

    `accounts` by environment: available, held, seq. `spends`: (key, period) to (held, settled), without what is zero.
    `holds` by id: state, amount, settled, month, key. `entries` by environment, in their order, each with its seq and id
    in `places`.
    """

    accounts: Mapping[str, tuple[int, int, int]]
    spends: Mapping[tuple[str, str], tuple[int, int]]
    holds: Mapping[str, tuple[str, int, int, str, str | None]]
    entries: Mapping[str, list[Entry]]
    places: Mapping[str, list[tuple[int, str]]]
    findings: tuple[tuple[str, str, str], ...]


async def prepare(driver: asyncpg.Connection, invariants: Collection[str]) -> None:
    """Once for each connection that will read; `invariants` are the doctor's to look at.

    The statistics of a scratch database are always wrong, so the plan is made without them: a nested loop is good for the
    empty tables it was planned on only.
    """
    checks = doctor.statement(invariants, workspace="p_workspace", stale="now()")
    await driver.execute(_READ.replace("CHECKS", checks))
    await driver.execute("grant execute on all functions in schema pg_temp to saperly_system")


async def read(driver: asyncpg.Connection, workspace_id: str) -> Reading:
    answer = await driver.fetchval("select pg_temp.verify_money($1)::text", workspace_id)
    found: dict[str, Any] = orjson.loads(answer)
    entries: dict[str, list[Entry]] = {environment: [] for environment in found["accounts"]}
    places: dict[str, list[tuple[int, str]]] = {environment: [] for environment in found["accounts"]}
    for environment, *facts, seq, name in found["entries"]:
        entries[environment].append(Entry(*facts))
        places[environment].append((seq, name))
    return Reading(
        accounts={environment: tuple(numbers) for environment, numbers in found["accounts"].items()},
        spends={(key, period): (held, settled) for key, period, held, settled in found["spends"]},
        holds={name: tuple(facts) for name, facts in found["holds"].items()},
        entries=entries,
        places=places,
        findings=tuple(tuple(finding) for finding in found["findings"]),
    )
