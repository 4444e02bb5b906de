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
--
-- Locks all accounts, then all numbers, then the trails, as every other writer does; writes each table once.
create or replace function numbers_sweep_rent(p_now timestamptz, p_limit int, p_period interval) returns jsonb
language plpgsql as $$
declare
    v_due jsonb;
    r record;
    last numbers;
    v_available bigint;
    v_entries ledger_entries[] := '{}';
    v_trail audit_events[];
    v_paid numbers[] := '{}';
    v_unpaid numbers[] := '{}';
begin
    select jsonb_agg(jsonb_build_object('workspace_id', d.workspace_id, 'environment', d.environment, 'id', d.id)) into v_due
        from (select * from numbers where state = 'active' and rent_due_at <= p_now
              order by rent_due_at, workspace_id, id limit p_limit) d;
    if v_due is null then return '{"charged": 0, "unpaid": 0}'; end if;
    perform ledger_lock_all(v_due);
    for r in select * from numbers_owing(v_due, p_now) loop
        if ((r.number).workspace_id, (r.number).environment) is distinct from (last.workspace_id, last.environment) then
            v_available := r.available_cents;
        end if;
        last := r.number;
        if r.paid_before then
            v_paid := v_paid || r.number;
        elsif v_available >= (r.number).monthly_price_cents then
            v_available := v_available - (r.number).monthly_price_cents;
            v_entries := v_entries || numbers_rent(r.number, r.cause, p_now);
            v_paid := v_paid || r.number;
        else
            v_unpaid := v_unpaid || r.number;
        end if;
    end loop;
    v_trail := ledger_post_all(v_entries);
    update numbers n set next_charge_at = p.next_charge_at + p_period, rent_due_at = p.next_charge_at + p_period
        from unnest(v_paid) p where n.workspace_id = p.workspace_id and n.id = p.id;
    perform numbers_rent_unpaid(v_unpaid, p_now);
    perform audit_append_all(v_trail);
    return jsonb_build_object('charged', cardinality(v_paid), 'unpaid', cardinality(v_unpaid));
end $$;

-- What moved the money of a number's next period, or will.
create or replace function numbers_rent_cause(n numbers) returns text language sql stable as $$
    select 'rent:' || n.id || ':' || to_char(n.next_charge_at at time zone 'UTC', 'YYYY-MM-DD')
$$;

-- The numbers among these that still owe rent now that their accounts are locked, an account's together, with what the
-- account has. `paid_before`: the money for this period was moved already.
create or replace function numbers_owing(p_due jsonb, p_now timestamptz)
returns table (number numbers, cause text, available_cents bigint, paid_before boolean) language sql as $$
    select n, c.cause, a.available_cents, e.seq is not null
    from jsonb_to_recordset(p_due) as d(workspace_id text, environment text, id text)
    join numbers n on n.workspace_id = d.workspace_id and n.id = d.id
    join accounts a on a.workspace_id = n.workspace_id and a.environment = n.environment
    cross join lateral numbers_rent_cause(n) as c(cause)
    left join ledger_entries e on e.workspace_id = n.workspace_id and e.environment = n.environment and e.cause = c.cause
    where n.state = 'active' and n.rent_due_at <= p_now
    order by n.workspace_id, n.environment, n.id for update of n
$$;

-- One period's rent, as the ledger takes it.
create or replace function numbers_rent(n numbers, p_cause text, p_now timestamptz) returns ledger_entries
language sql stable as $$
    select ledger_entry(n.workspace_id, n.environment, 'charge', -n.monthly_price_cents, 0, n.monthly_price_cents, 'revenue',
                        null, n.id, null, p_cause, p_now)
$$;

-- Rent that the balance does not cover is asked for again tomorrow; the cause still names the period that is owed.
create or replace function numbers_rent_unpaid(p_numbers numbers[], p_now timestamptz) returns void language sql as $$
    insert into events (workspace_id, id, environment, event_type, number_id, payload, created_at)
        select n.workspace_id, 'evt_' || numbers_rent_cause(n), n.environment, 'number.rent_unpaid', n.id,
               jsonb_build_object('numberId', n.id, 'amountCents', n.monthly_price_cents), p_now
        from unnest(p_numbers) n where n.rent_due_at = n.next_charge_at;
    update numbers n set rent_due_at = p_now + interval '1 day'
        from unnest(p_numbers) p where n.workspace_id = p.workspace_id and n.id = p.id
$$;

-- Reads numbers for many tenants at once. Each is read as the application role with only its own tenant visible, as it would
-- be in a transaction of its own. One row each as JSON, null for one that does not exist. The instant is told to every folded
-- function; this one has no use for it.
--   item: {workspace_id, environment, id}
create or replace function numbers_read(p_items jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
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
