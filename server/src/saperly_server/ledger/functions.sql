-- The ledger's moves. Every move locks the account first: it orders all money, every key's cap and every admission of one
-- workspace and environment. Every move ends at the audit trail's head, so a transaction takes the locks of its own rows
-- before its first move. README.md tells the order.
--
-- What many callers do at once is done for arrays of rows; the functions for one row call those.

create or replace function ledger_month(p_at timestamptz) returns text language sql stable as $$
    select to_char(p_at at time zone 'UTC', 'YYYY-MM')
$$;

-- Which counter a key's spend goes to: its UTC month, or the one that never resets.
create or replace function ledger_period(p_reset text, p_month text) returns text language sql immutable as $$
    select case when p_reset = 'monthly' then p_month else 'lifetime' end
$$;

create or replace function ledger_lock(p_workspace_id text, p_environment text) returns accounts
language sql as $$
    select * from accounts where workspace_id = p_workspace_id and environment = p_environment for update
$$;

-- Locks the accounts of many items ({workspace_id, environment}), in one order.
create or replace function ledger_lock_all(p_items jsonb) returns void language plpgsql as $$
declare
    v record;
begin
    for v in
        select distinct i->>'workspace_id' as workspace_id, i->>'environment' as environment
        from jsonb_array_elements(p_items) i order by 1, 2
    loop
        perform 1 from accounts where workspace_id = v.workspace_id and environment = v.environment for update;
    end loop;
end $$;

-- Writes balanced entries in the order given and moves their accounts, which are locked by the caller; `seq`, `id` and the
-- balances after each entry are given here. Entries of one account that come together move it together. Returns a row for
-- the audit trail for each, which the caller appends last of all.
create or replace function ledger_post_all(p_entries ledger_entries[]) returns audit_events[] language plpgsql as $$
declare
    v_entries ledger_entries[] := p_entries;
    v_trail audit_events[] := '{}';
    a accounts;
    e ledger_entries;
begin
    if cardinality(p_entries) = 0 then return '{}'; end if;
    for place in 1 .. cardinality(p_entries) loop
        e := v_entries[place];
        if (e.workspace_id, e.environment) is distinct from (a.workspace_id, a.environment) then
            perform ledger_save(a);
            select * into strict a from accounts where workspace_id = e.workspace_id and environment = e.environment;
        end if;
        a.seq := a.seq + 1;
        a.available_cents := a.available_cents + e.available_delta;
        a.held_cents := a.held_cents + e.held_delta;
        e.seq := a.seq;
        e.id := 'txn_' || a.environment || '_' || lpad(a.seq::text, 12, '0');
        e.available_after := a.available_cents;
        e.held_after := a.held_cents;
        v_entries[place] := e;
        v_trail := v_trail || ledger_line(e);
    end loop;
    perform ledger_save(a);
    insert into ledger_entries select * from unnest(v_entries);
    return v_trail;
end $$;

create or replace function ledger_save(a accounts) returns void language plpgsql as $$
begin
    update accounts set available_cents = a.available_cents, held_cents = a.held_cents, seq = a.seq
        where workspace_id = a.workspace_id and environment = a.environment;
end $$;

-- An entry's row in the audit trail.
create or replace function ledger_line(e ledger_entries) returns audit_events language sql stable as $$
    select row(e.workspace_id, null, e.id, e.environment, 'ledger.' || e.entry_type, 'ledger_entry', e.id, 'system',
               jsonb_build_object('available', e.available_delta, 'held', e.held_delta, 'contra', e.contra_delta,
                                  'account', e.contra_account, 'cause', e.cause), e.created_at, null)::audit_events
$$;

-- An entry as `ledger_post_all` takes it.
create or replace function ledger_entry(
    p_workspace_id text, p_environment text, p_type text, p_available bigint, p_held bigint, p_contra bigint,
    p_contra_account text, p_hold_id text, p_resource_id text, p_key_id text, p_cause text, p_now timestamptz
) returns ledger_entries language sql immutable as $$
    select row(p_workspace_id, p_environment, null, null, p_type, p_available, p_held, p_contra, p_contra_account, null,
               null, p_hold_id, p_resource_id, p_key_id, p_cause, p_now)::ledger_entries
$$;

-- Counts held and settled cents on a key and every one of its ancestors.
create or replace function ledger_count(
    p_workspace_id text, p_key_id text, p_month text, p_held bigint, p_settled bigint
) returns void language plpgsql as $$
begin
    if p_key_id is null or (p_held = 0 and p_settled = 0) then return; end if;
    insert into key_spend as s (workspace_id, key_id, period, held_cents, settled_cents)
        select k.workspace_id, k.id, ledger_period(k.limit_reset, p_month), greatest(p_held, 0), p_settled
        from api_keys own join api_keys k on k.workspace_id = own.workspace_id and k.id = any(own.path)
        where own.workspace_id = p_workspace_id and own.id = p_key_id
    on conflict (workspace_id, key_id, period) do update
        set held_cents = s.held_cents + p_held, settled_cents = s.settled_cents + p_settled;
end $$;

-- The caps that a key's spend counts against, its own and its ancestors', from the root down: what each allows, and what
-- of it is left.
create or replace function ledger_caps(
    p_workspace_id text, p_key_id text, p_month text, out limits bigint[], out rooms bigint[]
) language plpgsql stable as $$
begin
    select array_agg(k.limit_cents order by cardinality(k.path)),
           array_agg(k.limit_cents - coalesce(s.held_cents + s.settled_cents, 0) order by cardinality(k.path))
        into limits, rooms
        from api_keys own
        join api_keys k on k.workspace_id = own.workspace_id and k.id = any(own.path) and k.limit_cents is not null
        left join key_spend s on s.workspace_id = k.workspace_id and s.key_id = k.id
                             and s.period = ledger_period(k.limit_reset, p_month)
        where own.workspace_id = p_workspace_id and own.id = p_key_id;
end $$;

-- Why `p_amount` cannot be held beside `p_held` more that the caps have not seen yet: the first cap that has no room for
-- it, else the balance. Null when it can.
create or replace function ledger_refusal(
    p_amount bigint, p_held bigint, p_available bigint, p_limits bigint[], p_rooms bigint[]
) returns jsonb language plpgsql stable as $$
begin
    for depth in 1 .. coalesce(cardinality(p_rooms), 0) loop
        if p_held + p_amount > p_rooms[depth] then
            return jsonb_build_object('tag', 'SpendLimitExceeded', 'facts', jsonb_build_object(
                'limitCents', p_limits[depth], 'priorSpendCents', p_limits[depth] - p_rooms[depth] + p_held,
                'requestedCents', p_amount));
        end if;
    end loop;
    if p_amount > p_available then
        return jsonb_build_object('tag', 'InsufficientFunds', 'facts', jsonb_build_object(
            'balanceCents', p_available, 'requestedCents', p_amount));
    end if;
    return null;
end $$;

-- Holds money against balances, keys' caps and every ancestor's, each hold all or nothing. The accounts are locked by the
-- caller. One refusal for each, null for those that were made; and the rows for the trail.
create or replace function ledger_hold_all(p_holds holds[], out refusals jsonb[], out trail audit_events[])
language plpgsql as $$
declare
    v_taken holds[] := '{}';
    v_available bigint;
    v_caps record;
    v_held bigint;
    h holds;
    last holds;
    v_place int;
begin
    refusals := array_fill(null::jsonb, array[cardinality(p_holds)]);
    -- An account's together, and in it those of a key: so each is read once, and counted once.
    for v_place in
        select ordinality from unnest(p_holds) with ordinality
        order by workspace_id, environment, key_id, month, ordinality
    loop
        h := p_holds[v_place];
        if (h.workspace_id, h.environment, h.key_id, h.month)
           is distinct from (last.workspace_id, last.environment, last.key_id, last.month) then
            perform ledger_count(last.workspace_id, last.key_id, last.month, v_held, 0);
            if (h.workspace_id, h.environment) is distinct from (last.workspace_id, last.environment) then
                select available_cents into v_available from accounts
                    where workspace_id = h.workspace_id and environment = h.environment;
            end if;
            v_caps := ledger_caps(h.workspace_id, h.key_id, h.month);
            v_held := 0;
            last := h;
        end if;
        refusals[v_place] := ledger_refusal(h.amount_cents, v_held, v_available, v_caps.limits, v_caps.rooms);
        if refusals[v_place] is null then
            v_available := v_available - h.amount_cents;
            v_held := v_held + h.amount_cents;
            v_taken := v_taken || h;
        end if;
    end loop;
    perform ledger_count(last.workspace_id, last.key_id, last.month, v_held, 0);
    trail := ledger_take(v_taken);
end $$;

create or replace function ledger_take(p_holds holds[]) returns audit_events[] language plpgsql as $$
declare
    v_entries ledger_entries[] := '{}';
    h holds;
begin
    foreach h in array p_holds loop
        v_entries := v_entries || ledger_entry(
            h.workspace_id, h.environment, 'reserve', -h.amount_cents, h.amount_cents, 0, null, h.id, h.resource_id,
            h.key_id, 'reserve:' || h.id, h.created_at);
    end loop;
    insert into holds select * from unnest(p_holds);
    return ledger_post_all(v_entries);
end $$;

-- A hold that is to be made.
create or replace function ledger_wanted(
    p_workspace_id text, p_environment text, p_hold_id text, p_purpose text, p_resource_id text, p_key_id text,
    p_amount bigint, p_now timestamptz
) returns holds language sql stable as $$
    select row(p_workspace_id, p_hold_id, p_environment, p_purpose, p_resource_id, p_key_id, ledger_month(p_now),
               p_amount, 0, 'open', p_now, null)::holds
$$;

-- Makes an open hold `p_amount` large. Asking again for what is already held changes nothing. Null, or the refusal.
create or replace function ledger_extend(p_workspace_id text, p_hold_id text, p_amount bigint, p_now timestamptz)
returns jsonb language plpgsql as $$
declare
    v_hold holds;
    v_account accounts;
    v_caps record;
    v_more bigint;
    v_refusal jsonb;
begin
    select * into v_hold from holds where workspace_id = p_workspace_id and id = p_hold_id;
    v_account := ledger_lock(p_workspace_id, v_hold.environment);
    select * into v_hold from holds where workspace_id = p_workspace_id and id = p_hold_id;
    if v_hold.state is distinct from 'open' then
        return jsonb_build_object('tag', 'HoldClosed', 'facts', '{}'::jsonb);
    end if;
    v_more := p_amount - v_hold.amount_cents;
    if v_more <= 0 then return null; end if;
    v_caps := ledger_caps(p_workspace_id, v_hold.key_id, v_hold.month);
    v_refusal := ledger_refusal(v_more, 0, v_account.available_cents, v_caps.limits, v_caps.rooms);
    if v_refusal is not null then return v_refusal; end if;
    update holds set amount_cents = p_amount where workspace_id = p_workspace_id and id = p_hold_id;
    perform ledger_count(p_workspace_id, v_hold.key_id, v_hold.month, v_more, 0);
    perform audit_append_all(ledger_post_all(array[ledger_entry(
        p_workspace_id, v_hold.environment, 'reserve', -v_more, v_more, 0, null, p_hold_id, v_hold.resource_id,
        v_hold.key_id, 'reserve:' || p_hold_id || ':' || p_amount, p_now)]));
    return null;
end $$;

-- A hold as it is to be closed: `p_cents` of it become revenue, the rest is free again; null cents release it.
create or replace function ledger_closing(p_workspace_id text, p_hold_id text, p_cents bigint) returns holds
language sql immutable as $$
    select row(p_workspace_id, p_hold_id, null, null, null, null, null, null, p_cents,
               case when p_cents is null then 'released' else 'settled' end, null, null)::holds
$$;

-- Closes holds, each once, at most with what is held. The accounts are locked by the caller. One that is closed already
-- stays as it is. Returns the rows for the trail.
create or replace function ledger_close_all(p_closings holds[], p_now timestamptz) returns audit_events[]
language plpgsql as $$
declare
    v_entries ledger_entries[] := '{}';
    v_closed holds[];
    h holds;
begin
    with closed as (
        update holds
            set state = c.state, settled_cents = least(coalesce(c.settled_cents, 0), holds.amount_cents), closed_at = p_now
            from unnest(p_closings) c
            where holds.workspace_id = c.workspace_id and holds.id = c.id and holds.closed_at is null
            returning holds
    )
    select coalesce(array_agg(holds order by (holds).workspace_id, (holds).id), '{}') into v_closed from closed;
    foreach h in array v_closed loop
        perform ledger_count(h.workspace_id, h.key_id, h.month, -h.amount_cents, h.settled_cents);
        v_entries := v_entries || ledger_entry(
            h.workspace_id, h.environment, case h.state when 'settled' then 'settle' else 'release' end,
            h.amount_cents - h.settled_cents, -h.amount_cents, h.settled_cents,
            case h.state when 'settled' then 'revenue' end, h.id, h.resource_id, h.key_id, 'close:' || h.id, p_now);
    end loop;
    return ledger_post_all(v_entries);
end $$;

-- Closes one hold, its account locked first; what it came to, now or when it was closed before.
create or replace function ledger_close(p_workspace_id text, p_hold_id text, p_cents bigint, p_now timestamptz)
returns jsonb language plpgsql as $$
declare
    v_hold holds;
begin
    select * into v_hold from holds where workspace_id = p_workspace_id and id = p_hold_id;
    perform ledger_lock(p_workspace_id, v_hold.environment);
    perform audit_append_all(ledger_close_all(array[ledger_closing(p_workspace_id, p_hold_id, p_cents)], p_now));
    select * into v_hold from holds where workspace_id = p_workspace_id and id = p_hold_id;
    return jsonb_build_object('state', v_hold.state, 'settledCents', v_hold.settled_cents,
                              'heldCents', v_hold.amount_cents);
end $$;

-- Money in or out that no hold precedes (top-up, promotion, correction, rent). False when this cause already moved money
-- or the balance cannot bear it; true when it moved now.
create or replace function ledger_move(
    p_workspace_id text, p_environment text, p_type text, p_amount bigint, p_contra_account text, p_resource_id text,
    p_cause text, p_now timestamptz
) returns boolean language plpgsql as $$
declare
    v_account accounts := ledger_lock(p_workspace_id, p_environment);
begin
    if v_account.available_cents + p_amount < 0 or exists (
        select 1 from ledger_entries
        where workspace_id = p_workspace_id and environment = p_environment and cause = p_cause
    ) then return false; end if;
    perform audit_append_all(ledger_post_all(array[ledger_entry(
        p_workspace_id, p_environment, p_type, p_amount, 0, -p_amount, p_contra_account, null, p_resource_id, null,
        p_cause, p_now)]));
    return true;
end $$;

-- Cents that count against a key in one period: settled, or held for something under way.
create or replace function ledger_spent(p_workspace_id text, p_key_id text, p_period text) returns bigint
language sql stable as $$
    select held_cents + settled_cents from key_spend
    where workspace_id = p_workspace_id and key_id = p_key_id and period = p_period
$$;
