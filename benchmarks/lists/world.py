"""A workspace with as many rows of everything as is asked for, written by the database itself."""

from __future__ import annotations

import asyncpg
from saperly_server.core.db import Tenant

TENANT = Tenant("ws_bench", "live")
BUSY, QUIET, ROOT, CHILD = "num_busy", "num_quiet", "key_root", "key_child"
QUIET_ROWS = 200
"""Rows of the quiet number: the oldest of all, which a walk from the newest meets last."""

_NUMBERS = f"""
    insert into numbers (workspace_id, id, environment, e164, country, number_type, state, monthly_price_cents,
                         upfront_price_cents, currency, hold_id, carrier, created_at)
    select 'ws_bench', id, 'live', '+1' || 2000000000 + row_number() over (), 'US', 'local', 'active', 250, 0, 'USD', '',
           'simulated', now()
    from (select 'num_' || lpad(g::text, 26, '0') as id from generate_series(1, $1) g
          union all values ('{BUSY}'), ('{QUIET}')) n
"""
_OF_NUMBER = f"case when g <= {QUIET_ROWS} then '{QUIET}' else '{BUSY}' end"
_WORLD = (
    "insert into workspaces (workspace_id, slug, name, destinations, number_quota, concurrent_calls, created_at) "
    "select 'ws_bench', 'bench', 'Bench', '{US}', 1000, 10, now() where $1 > 0",
    "insert into accounts (workspace_id, environment, available_cents, held_cents, seq) "
    "select 'ws_bench', 'live', 1000, 0, $1",
    _NUMBERS,
    f"""insert into calls (workspace_id, id, environment, number_id, direction, from_number, to_number, status, plan,
                           rate_micros_per_min, duration_sec, cost_cents, created_at)
        select 'ws_bench', 'call_' || lpad(g::text, 26, '0'), 'live', {_OF_NUMBER}, 'inbound', '+1', '+1', 'completed',
               '{{}}', 5000000, 60, 5, now() - interval '1 year' + g * interval '10 seconds'
        from generate_series(1, $1) g""",
    """insert into transcript_turns (workspace_id, call_id, seq, role, text, heard, interrupted, at)
        select 'ws_bench', 'call_' || lpad(g::text, 26, '0'), 1, 'user', 'Hello?', 'Hello?', false, now()
        from generate_series(1, $1, 2) g""",
    f"""insert into messages (workspace_id, id, environment, number_id, direction, from_number, to_number, body, encoding,
                              segments, status, purpose, created_at)
        select 'ws_bench', 'msg_' || lpad(g::text, 26, '0'), 'live', {_OF_NUMBER}, 'inbound', '+1', '+1', 'Hello?',
               'GSM-7', 1, 'received', 'customer', now() - interval '1 year' + g * interval '10 seconds'
        from generate_series(1, $1) g""",
    f"""insert into consents (workspace_id, id, environment, number_id, peer_number, consent_type, source, recorded_by,
                              evidence, granted_at)
        select 'ws_bench', 'con_' || lpad(g::text, 26, '0'), 'live', {_OF_NUMBER}, '+1' || 2000000000 + g,
               'explicit_outbound', 'bench', 'bench', '{{}}', now()
        from generate_series(1, $1) g""",
    """insert into connections (workspace_id, id, environment, name, mode, backend, instructions, compliance_enabled,
                                sms_auto_reply, recording_enabled, disclosure, created_at, deleted_at)
        select 'ws_bench', 'conn_' || lpad(g::text, 26, '0'), 'live', 'Bench', 'hosted', 'network', '', true, false, false,
               '', now(), case when g > $1 / 2 and g % 10 > 0 then now() end
        from generate_series(1, $1) g""",
    """insert into custom_voices (workspace_id, id, environment, name, language, gender, status, sample, sample_format,
                                  created_at, updated_at, deleted_at)
        select 'ws_bench', 'voice_' || lpad(g::text, 26, '0'), 'live', 'Bench', 'en-US', 'female', 'active', 'x', 'wav',
               now(), now(), case when g > $1 / 2 and g % 10 > 0 then now() end
        from generate_series(1, $1) g""",
    f"""insert into api_keys (workspace_id, id, environment, name, hash, prefix, path, scopes, created_at)
        select 'ws_bench', id, 'live', 'Bench', sha256(id::bytea), 'sk_bench', path, '{{}}', now()
        from (select 'key_' || lpad(g::text, 26, '0'),
                     case when g <= {QUIET_ROWS} then array['{ROOT}', '{CHILD}', 'key_' || lpad(g::text, 26, '0')]
                          else array['{ROOT}', 'key_' || lpad(g::text, 26, '0')] end
              from generate_series(1, $1) g
              union all values ('{ROOT}', array['{ROOT}']), ('{CHILD}', array['{ROOT}', '{CHILD}'])) k(id, path)""",
    """insert into ledger_entries (workspace_id, environment, seq, id, entry_type, available_delta, held_delta, contra_delta,
                                   contra_account, available_after, held_after, cause, created_at)
        select 'ws_bench', 'live', g, 'txn_live_' || g, 'topup', 1, 0, -1, 'promo', g, 0, 'bench:' || g, now()
        from generate_series(1, $1) g""",
)


async def fill(dsn: str, rows: int) -> None:
    """`rows` of each kind; for calls, texts and consents nearly all of one busy number."""
    conn = await asyncpg.connect(dsn)
    try:
        for statement in _WORLD:
            await conn.execute(statement, rows)
        await conn.execute("vacuum analyze")
        await conn.execute("select pg_stat_reset()")
    finally:
        await conn.close()
