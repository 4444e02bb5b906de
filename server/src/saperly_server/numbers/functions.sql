-- What the gate needs of numbers, in its transaction: the price of the first period, and the row of an admitted order.

-- The first number of a workspace has its first 30 days free; an order that failed does not use that up.
create or replace function numbers_first_charge(v jsonb) returns bigint language sql stable as $$
    select case when a.first_number_at is null and (v#>>'{row,firstPeriodFree}')::boolean
                then (v#>>'{row,upfrontCents}')::bigint
                else (v#>>'{row,upfrontCents}')::bigint + (v#>>'{row,monthlyCents}')::bigint end
    from accounts a where a.workspace_id = v->>'workspace_id' and a.environment = v->>'environment'
$$;

-- A price above the one the customer expected, unless a higher one was approved.
create or replace function numbers_price_refusal(v jsonb) returns jsonb language sql immutable as $$
    select case when not (v#>>'{row,approveHigherPrice}')::boolean
                 and ((v#>>'{row,monthlyCents}')::bigint > (v#>>'{row,expectedMonthlyCents}')::numeric
                   or (v#>>'{row,upfrontCents}')::bigint > (v#>>'{row,expectedUpfrontCents}')::numeric)
        then gate_refusal('PriceChanged', jsonb_build_object(
            'phoneNumber', v#>>'{row,e164}',
            'actualMonthlyPriceCents', (v#>>'{row,monthlyCents}')::bigint,
            'actualUpfrontPriceCents', (v#>>'{row,upfrontCents}')::bigint,
            'expectedMonthlyPriceCents',
                coalesce((v#>>'{row,expectedMonthlyCents}')::numeric, (v#>>'{row,monthlyCents}')::bigint),
            'expectedUpfrontPriceCents',
                coalesce((v#>>'{row,expectedUpfrontCents}')::numeric, (v#>>'{row,upfrontCents}')::bigint),
            'currency', 'USD')) end
$$;

-- Somebody in this deployment already has the number that was offered.
create or replace function numbers_taken(v jsonb) returns jsonb language sql stable as $$
    select gate_refusal('NumberTaken', jsonb_build_object('phoneNumber', v#>>'{row,e164}'))
    from numbers where e164 = v#>>'{row,e164}' and state in ('reserved', 'active', 'releasing') limit 1
$$;

create or replace function numbers_accept(v jsonb, p_now timestamptz) returns jsonb language sql as $$
    update accounts set first_number_at = p_now
        where workspace_id = v->>'workspace_id' and environment = v->>'environment' and first_number_at is null;
    insert into numbers (workspace_id, id, environment, e164, country, number_type, state, monthly_price_cents,
                         upfront_price_cents, currency, hold_id, key_id, carrier, created_at)
        values (v->>'workspace_id', v->>'id', v->>'environment', v#>>'{row,e164}', v#>>'{row,country}',
                v#>>'{row,numberType}', 'reserved', (v#>>'{row,monthlyCents}')::bigint,
                (v#>>'{row,upfrontCents}')::bigint, 'USD', v->>'hold_id', v->>'key_id', v#>>'{row,carrier}', p_now)
        returning jsonb_build_object('createdAt', extract(epoch from created_at))
$$;

-- Charges the rent that is due: at most `p_limit` (number, period) pairs, each once. A balance that does not cover one
-- leaves it due, and says so once for each period. Returns {charged, unpaid}.
create or replace function numbers_sweep_rent(p_now timestamptz, p_limit int, p_period interval) returns jsonb
language plpgsql as $$
declare
    n numbers;
    v_due text[];
    v_cause text;
    v_charged int := 0;
    v_unpaid int := 0;
begin
    -- All accounts, then all numbers, before the first charge: the order of locks that every other writer keeps.
    select array_agg(d.id) into v_due from (
        select id from numbers where state = 'active' and rent_due_at <= p_now
        order by rent_due_at, id limit p_limit) d;
    perform 1 from accounts a
        where (a.workspace_id, a.environment) in (
            select workspace_id, environment from numbers where id = any(v_due))
        order by a.workspace_id, a.environment for update;
    perform 1 from numbers where id = any(v_due) order by workspace_id, id for update;
    for n in
        select * from numbers where id = any(v_due) and state = 'active' and rent_due_at <= p_now
        order by workspace_id, id
    loop
        v_cause := 'rent:' || n.id || ':' || to_char(n.next_charge_at at time zone 'UTC', 'YYYY-MM-DD');
        if ledger_move(n.workspace_id, n.environment, 'charge', -n.monthly_price_cents, 'revenue', n.id, v_cause, p_now)
           or exists (select 1 from ledger_entries where workspace_id = n.workspace_id
                      and environment = n.environment and cause = v_cause) then
            update numbers set next_charge_at = n.next_charge_at + p_period, rent_due_at = n.next_charge_at + p_period
                where workspace_id = n.workspace_id and id = n.id;
            v_charged := v_charged + 1;
        else
            -- Asked again tomorrow; the cause still names the period that is owed.
            update numbers set rent_due_at = p_now + interval '1 day'
                where workspace_id = n.workspace_id and id = n.id;
            if n.rent_due_at = n.next_charge_at then
                insert into events (workspace_id, id, environment, event_type, number_id, payload, created_at)
                    values (n.workspace_id, 'evt_' || v_cause, n.environment, 'number.rent_unpaid', n.id,
                            jsonb_build_object('numberId', n.id, 'amountCents', n.monthly_price_cents), p_now);
            end if;
            v_unpaid := v_unpaid + 1;
        end if;
    end loop;
    return jsonb_build_object('charged', v_charged, 'unpaid', v_unpaid);
end $$;

-- Reads numbers for many tenants at once. Each is read as the application role with only its own tenant visible, as it would
-- be in a transaction of its own. One row each as JSON, null for one that does not exist.
--   item: {workspace_id, environment, id}
create or replace function numbers_read(p_items jsonb) returns jsonb language plpgsql as $$
declare
    v_rows jsonb[] := array_fill(null::jsonb, array[jsonb_array_length(p_items)]);
    v record;
begin
    perform set_config('role', 'saperly_app', true);
    for v in select value as item, ordinality as place from jsonb_array_elements(p_items) with ordinality loop
        perform set_config('saperly.workspace_id', v.item->>'workspace_id', true);
        v_rows[v.place] := (
            select to_jsonb(n) from numbers n
            where n.workspace_id = v.item->>'workspace_id' and n.id = v.item->>'id'
              and n.environment = v.item->>'environment' and n.state <> 'failed');
    end loop;
    return to_jsonb(v_rows);
end $$;
