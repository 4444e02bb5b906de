-- What can be said of accounts from a handful of rows: the last moves, the open holds, the counters of the keys that moved
-- money last. For production, after moves were made; everything at one instant. No row is a good account.

create or replace function doctor_cheap(p_workspace_ids text[], p_environments text[])
returns table (invariant text, workspace_id text, environment text, row_id text, sentence text)
language plpgsql stable
-- Planned once, each row found by its key whatever the statistics say: a call costs microseconds for each account.
set plan_cache_mode = force_generic_plan set enable_seqscan = off set enable_mergejoin = off
as $$
#variable_conflict use_column
begin
    return query
    with held as materialized (
        select a.*, h.key_id, h.month, h.cents
        from unnest(p_workspace_ids, p_environments) asked(workspace_id, environment)
        cross join lateral (
            select * from accounts a
            where a.workspace_id = asked.workspace_id and a.environment = asked.environment offset 0
        ) a
        left join lateral (
            select h.key_id, h.month, sum(h.amount_cents)::bigint as cents from holds h
            where h.workspace_id = a.workspace_id and h.environment = a.environment and h.state = 'open'
            group by h.key_id, h.month
        ) h on true
    ), account as materialized (
        select workspace_id, environment, available_cents, held_cents, seq, coalesce(sum(cents), 0)::bigint as open_cents
        from held group by workspace_id, environment, available_cents, held_cents, seq
    ), moves as materialized (
        select e.workspace_id, e.environment, e.seq, e.id, e.entry_type, e.key_id, e.available_after, e.held_after,
               e.available_delta, e.held_delta, e.contra_delta, e.hold_id, h.state, h.amount_cents, h.settled_cents,
               lag(e.seq, 1, case when e.seq = 1 then 0 end) over w as seq_before,
               lag(e.available_after, 1, case when e.seq = 1 then 0 end) over w as available_before,
               lag(e.held_after, 1, case when e.seq = 1 then 0 end) over w as held_before
        from account a
        cross join lateral (
            select * from ledger_entries e
            where e.workspace_id = a.workspace_id and e.environment = a.environment
            order by e.workspace_id desc, e.environment desc, e.seq desc limit 8
        ) e
        left join lateral (
            select * from holds h where h.workspace_id = e.workspace_id and h.id = e.hold_id offset 0
        ) h on true
        window w as (partition by e.workspace_id, e.environment order by e.seq)
    ), counters as materialized (
        select k.workspace_id, k.environment, k.id, k.limit_cents, s.period, s.held_cents, s.settled_cents,
               (select coalesce(sum(h.cents), 0)::bigint from held h
                where h.workspace_id = k.workspace_id and h.environment = k.environment
                  and ledger_period(k.limit_reset, h.month) = s.period
                  and exists (select 1 from api_keys below where below.workspace_id = h.workspace_id
                              and below.id = h.key_id and k.id = any(below.path))) as open_cents
        from (select distinct workspace_id, key_id from moves where key_id is not null) spender
        cross join lateral (
            select k.* from api_keys own
            join api_keys k on k.workspace_id = own.workspace_id and k.id = any(own.path)
            where own.workspace_id = spender.workspace_id and own.id = spender.key_id offset 0
        ) k
        cross join lateral (
            select * from key_spend s where s.workspace_id = k.workspace_id and s.key_id = k.id
            order by s.period desc limit 2
        ) s
    )
    select 'L-2', a.workspace_id, a.environment, a.environment,
           format('The account says available %s and held %s; its last entry %s and %s.', a.available_cents, a.held_cents,
                  coalesce(e.available_after, 0), coalesce(e.held_after, 0))
    from account a
    left join lateral (
        select * from ledger_entries e
        where e.workspace_id = a.workspace_id and e.environment = a.environment and e.seq = a.seq offset 0
    ) e on true
    where a.available_cents <> coalesce(e.available_after, 0) or a.held_cents <> coalesce(e.held_after, 0)
    union all
    select 'L-3', a.workspace_id, a.environment, a.environment,
           format('The account is below zero: available %s, held %s.', a.available_cents, a.held_cents)
    from account a where a.available_cents < 0 or a.held_cents < 0
    union all
    select 'L-4', a.workspace_id, a.environment, a.environment,
           format('The account says that %s are held; its open holds sum to %s.', a.held_cents, a.open_cents)
    from account a where a.held_cents <> a.open_cents
    union all
    select 'L-1', e.workspace_id, e.environment, e.id, format('The legs of this %s do not sum to zero.', e.entry_type)
    from moves e where e.available_delta + e.held_delta + e.contra_delta <> 0
    union all
    select 'L-6', e.workspace_id, e.environment, e.id,
           format('This %s frees %s and earns %s; its hold is %s, with %s of %s settled.', e.entry_type, -e.held_delta,
                  e.contra_delta, coalesce(e.state, 'missing'), e.settled_cents, e.amount_cents)
    from moves e
    where e.hold_id is not null and (e.state is null or e.settled_cents not between 0 and e.amount_cents)
       or e.entry_type in ('settle', 'release') and (
           e.state is distinct from case e.entry_type when 'settle' then 'settled' else 'released' end
           or e.amount_cents <> -e.held_delta or e.settled_cents <> e.contra_delta)
    union all
    select 'L-7', e.workspace_id, e.environment, e.id, 'This entry does not follow from the one before it.'
    from moves e
    where e.seq <> e.seq_before + 1 or e.available_after <> e.available_before + e.available_delta
       or e.held_after <> e.held_before + e.held_delta
    union all
    select 'L-8', c.workspace_id, c.environment, c.id,
           format('In %s this key counts %s held and %s settled, of at most %s; its open holds and its descendants'' sum to %s.',
                  c.period, c.held_cents, c.settled_cents, coalesce(c.limit_cents::text, 'anything'), c.open_cents)
    from counters c
    where c.held_cents + c.settled_cents > c.limit_cents or c.held_cents <> c.open_cents or c.settled_cents < 0;
end $$;
