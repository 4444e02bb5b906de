-- The ledger's moves. Every move locks the account first: it orders all money, every key's cap and every admission of one
-- workspace and environment. Every move ends at the audit trail's head, so a transaction takes the locks of its own rows
-- before its first move. README.md tells the order.

create or replace function ledger_month(p_at timestamptz) returns text language sql immutable as $$
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

-- Writes one balanced entry, moves the account and leaves one row in the audit trail. The account is locked by the caller.
create or replace function ledger_post(
    p_workspace_id text, p_environment text, p_type text, p_available bigint, p_held bigint, p_contra bigint,
    p_contra_account text, p_hold_id text, p_resource_id text, p_key_id text, p_cause text, p_now timestamptz
) returns bigint language plpgsql as $$
declare
    v_account accounts;
    v_id text;
begin
    update accounts
        set available_cents = available_cents + p_available, held_cents = held_cents + p_held, seq = seq + 1
        where workspace_id = p_workspace_id and environment = p_environment
        returning * into strict v_account;
    v_id := 'txn_' || p_environment || '_' || lpad(v_account.seq::text, 12, '0');
    insert into ledger_entries (workspace_id, environment, seq, id, entry_type, available_delta, held_delta,
                                contra_delta, contra_account, available_after, held_after, hold_id, resource_id,
                                key_id, cause, created_at)
        values (p_workspace_id, p_environment, v_account.seq, v_id, p_type, p_available, p_held, p_contra,
                p_contra_account, v_account.available_cents, v_account.held_cents, p_hold_id, p_resource_id, p_key_id,
                p_cause, p_now);
    perform audit_append(p_workspace_id, p_environment, v_id, 'ledger.' || p_type, 'ledger_entry', v_id, 'system',
                         jsonb_build_object('available', p_available, 'held', p_held, 'contra', p_contra,
                                            'account', p_contra_account, 'cause', p_cause), p_now);
    return v_account.seq;
end $$;

-- The first cap, from the root key down, that `p_amount` more would pass; null when all of them allow it.
create or replace function ledger_cap_refusal(p_workspace_id text, p_path text[], p_month text, p_amount bigint)
returns jsonb language sql stable as $$
    select jsonb_build_object('tag', 'SpendLimitExceeded', 'facts', jsonb_build_object(
               'limitCents', k.limit_cents, 'priorSpendCents', coalesce(s.held_cents + s.settled_cents, 0),
               'requestedCents', p_amount))
    from api_keys k
    left join key_spend s on s.workspace_id = k.workspace_id and s.key_id = k.id
                         and s.period = ledger_period(k.limit_reset, p_month)
    where k.workspace_id = p_workspace_id and k.id = any(p_path)
      and coalesce(s.held_cents + s.settled_cents, 0) + p_amount > k.limit_cents
    order by array_position(p_path, k.id) limit 1
$$;

-- Counts held and settled cents on a key and every one of its ancestors.
create or replace function ledger_count(
    p_workspace_id text, p_path text[], p_month text, p_held bigint, p_settled bigint
) returns void language sql as $$
    insert into key_spend as s (workspace_id, key_id, period, held_cents, settled_cents)
        select k.workspace_id, k.id, ledger_period(k.limit_reset, p_month), greatest(p_held, 0), p_settled
        from api_keys k where k.workspace_id = p_workspace_id and k.id = any(p_path)
    on conflict (workspace_id, key_id, period) do update
        set held_cents = s.held_cents + p_held, settled_cents = s.settled_cents + p_settled
$$;

create or replace function ledger_path(p_workspace_id text, p_key_id text) returns text[] language sql stable as $$
    select path from api_keys where workspace_id = p_workspace_id and id = p_key_id
$$;

-- Holds `p_amount` against the balance, the key's cap and every ancestor's, all or nothing: null, or the refusal.
create or replace function ledger_hold(
    p_workspace_id text, p_environment text, p_hold_id text, p_purpose text, p_resource_id text, p_key_id text,
    p_path text[], p_amount bigint, p_now timestamptz
) returns jsonb language plpgsql as $$
declare
    v_account accounts := ledger_lock(p_workspace_id, p_environment);
    v_month text := ledger_month(p_now);
    v_refusal jsonb;
begin
    if p_key_id is not null then
        v_refusal := ledger_cap_refusal(p_workspace_id, p_path, v_month, p_amount);
        if v_refusal is not null then return v_refusal; end if;
    end if;
    if v_account.available_cents < p_amount then
        return jsonb_build_object('tag', 'InsufficientFunds', 'facts', jsonb_build_object(
            'balanceCents', v_account.available_cents, 'requestedCents', p_amount));
    end if;
    insert into holds (workspace_id, id, environment, purpose, resource_id, key_id, month, amount_cents, settled_cents,
                       state, created_at)
        values (p_workspace_id, p_hold_id, p_environment, p_purpose, p_resource_id, p_key_id, v_month, p_amount, 0,
                'open', p_now);
    if p_key_id is not null then
        perform ledger_count(p_workspace_id, p_path, v_month, p_amount, 0);
    end if;
    perform ledger_post(p_workspace_id, p_environment, 'reserve', -p_amount, p_amount, 0, null, p_hold_id,
                        p_resource_id, p_key_id, 'reserve:' || p_hold_id, p_now);
    return null;
end $$;

-- Makes an open hold `p_amount` large. Asking again for what is already held changes nothing. Null, or the refusal.
create or replace function ledger_extend(p_workspace_id text, p_hold_id text, p_amount bigint, p_now timestamptz)
returns jsonb language plpgsql as $$
declare
    v_hold holds;
    v_account accounts;
    v_more bigint;
    v_refusal jsonb;
    v_path text[];
begin
    select * into v_hold from holds where workspace_id = p_workspace_id and id = p_hold_id;
    v_account := ledger_lock(p_workspace_id, v_hold.environment);
    select * into v_hold from holds where workspace_id = p_workspace_id and id = p_hold_id;
    if v_hold.state is distinct from 'open' then
        return jsonb_build_object('tag', 'HoldClosed', 'facts', '{}'::jsonb);
    end if;
    v_more := p_amount - v_hold.amount_cents;
    if v_more <= 0 then return null; end if;
    v_path := ledger_path(p_workspace_id, v_hold.key_id);
    v_refusal := ledger_cap_refusal(p_workspace_id, v_path, v_hold.month, v_more);
    if v_refusal is not null then return v_refusal; end if;
    if v_account.available_cents < v_more then
        return jsonb_build_object('tag', 'InsufficientFunds', 'facts', jsonb_build_object(
            'balanceCents', v_account.available_cents, 'requestedCents', v_more));
    end if;
    update holds set amount_cents = p_amount where workspace_id = p_workspace_id and id = p_hold_id;
    perform ledger_count(p_workspace_id, v_path, v_hold.month, v_more, 0);
    perform ledger_post(p_workspace_id, v_hold.environment, 'reserve', -v_more, v_more, 0, null, p_hold_id,
                        v_hold.resource_id, v_hold.key_id, 'reserve:' || p_hold_id || ':' || p_amount, p_now);
    return null;
end $$;

-- Closes a hold, once: `p_cents` of it become revenue (never more than is held), the rest is free again. A hold that is
-- closed already stays as it is, and its first result is returned.
create or replace function ledger_close(p_workspace_id text, p_hold_id text, p_cents bigint, p_now timestamptz)
returns jsonb language plpgsql as $$
declare
    v_hold holds;
    v_settled bigint;
    v_type text := case when p_cents is null then 'release' else 'settle' end;
begin
    select * into v_hold from holds where workspace_id = p_workspace_id and id = p_hold_id;
    perform ledger_lock(p_workspace_id, v_hold.environment);
    select * into v_hold from holds where workspace_id = p_workspace_id and id = p_hold_id;
    if v_hold.state = 'open' then
        v_settled := least(coalesce(p_cents, 0), v_hold.amount_cents);
        update holds set state = v_type || 'd', settled_cents = v_settled,
                         closed_at = p_now
            where workspace_id = p_workspace_id and id = p_hold_id returning * into v_hold;
        perform ledger_count(p_workspace_id, ledger_path(p_workspace_id, v_hold.key_id), v_hold.month,
                             -v_hold.amount_cents, v_settled);
        perform ledger_post(p_workspace_id, v_hold.environment, v_type, v_hold.amount_cents - v_settled,
                            -v_hold.amount_cents, v_settled, case v_type when 'settle' then 'revenue' end, p_hold_id,
                            v_hold.resource_id, v_hold.key_id, 'close:' || p_hold_id, p_now);
    end if;
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
    perform ledger_post(p_workspace_id, p_environment, p_type, p_amount, 0, -p_amount, p_contra_account, null,
                        p_resource_id, null, p_cause, p_now);
    return true;
end $$;

-- Cents that count against a key in one period: settled, or held for something under way.
create or replace function ledger_spent(p_workspace_id text, p_key_id text, p_period text) returns bigint
language sql stable as $$
    select held_cents + settled_cents from key_spend
    where workspace_id = p_workspace_id and key_id = p_key_id and period = p_period
$$;
