-- The gate: the only way out. It takes intents as an array, so that many are admitted by one call and one commit; each gets
-- its own verdict, and a refused one leaves nothing but its line in the audit trail.
--
-- An intent:  kind 'message' | 'call' | 'number', workspace_id, environment, id, hold_id, operation_id, audit_id, actor,
--             key_id, path, number_id, to, country, refused (a destination that is never allowed), amount_cents,
--             consent_policy, inbound, owner, lease_sec, handoff, row (what its feature stores),
--             idempotency {route, key, fingerprint, lease_sec} or null.
-- A verdict:  {verdict: 'admitted', made} (what its feature's accept function returned)
--             | {verdict: 'refused', tag, facts} | {verdict: 'replay', status, body, resource_id}
--             | {verdict: 'in_progress', resource_id} | {verdict: 'mismatch'}

create or replace function gate_remembered(v jsonb) returns jsonb language plpgsql as $$
declare
    i jsonb := v->'idempotency';
    r idempotency_records;
begin
    select * into r from idempotency_records
        where workspace_id = v->>'workspace_id' and key_id = v->>'key_id' and route = i->>'route'
          and idempotency_key = i->>'key';
    if not found then return null; end if;
    if r.fingerprint <> decode(i->>'fingerprint', 'hex') then return '{"verdict": "mismatch"}'; end if;
    if r.state = 'in_progress' then
        return jsonb_build_object('verdict', 'in_progress', 'resource_id', r.resource_id);
    end if;
    return jsonb_build_object('verdict', 'replay', 'status', r.status, 'body', convert_from(r.body, 'UTF8'),
                              'resource_id', r.resource_id);
end $$;

create or replace function gate_refusal(p_tag text, p_facts jsonb) returns jsonb language sql immutable as $$
    select jsonb_build_object('tag', p_tag, 'facts', p_facts)
$$;

-- Who asks, and with what: the key and its ancestors, the workspace, the sender.
create or replace function gate_check_sender(v jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
begin
    if exists (select 1 from api_keys
               where workspace_id = v->>'workspace_id'
                 and id = any(array(select jsonb_array_elements_text(v->'path')))
                 and (revoked_at is not null or expires_at <= p_now)) then
        return gate_refusal('Unauthorized', '{}');
    end if;
    if exists (select 1 from workspaces
               where workspace_id = v->>'workspace_id' and spending_stopped_at is not null) then
        return gate_refusal('SpendingStopped', '{}');
    end if;
    if v->>'kind' <> 'number' then
        if not exists (select 1 from numbers
                       where workspace_id = v->>'workspace_id' and id = v->>'number_id'
                         and environment = v->>'environment' and state = 'active') then
            return gate_refusal('NumberNotFound', jsonb_build_object('numberId', v->>'number_id'));
        end if;
    end if;
    return null;
end $$;

-- May the peer be contacted? Destination first, then the peer's own wish, then consent.
create or replace function gate_check_peer(v jsonb) returns jsonb language plpgsql as $$
declare
    v_state text;
begin
    if v->>'refused' is not null or not exists (
        select 1 from workspaces
        where workspace_id = v->>'workspace_id' and v->>'country' = any(destinations)
    ) then
        return gate_refusal('DestinationNotSupported', jsonb_build_object('to', v->>'to'));
    end if;
    v_state := compliance_state(v->>'workspace_id', v->>'environment', v->>'number_id', v->>'to');
    if v_state = 'opted_out' then
        return gate_refusal('RecipientOptedOut', jsonb_build_object('to', v->>'to'));
    end if;
    if v_state = 'none' and v->>'consent_policy' = 'strict' then
        return gate_refusal('ConsentRequired', jsonb_build_object('numberId', v->>'number_id', 'to', v->>'to'));
    end if;
    return null;
end $$;

create or replace function gate_check_limits(v jsonb) returns jsonb language plpgsql as $$
declare
    v_limit int;
    v_current int;
begin
    if v->>'kind' = 'call' then
        select concurrent_calls into v_limit from workspaces where workspace_id = v->>'workspace_id';
        select count(*) into v_current from calls
            where workspace_id = v->>'workspace_id' and environment = v->>'environment' and status = 'initiated';
        if v_current >= v_limit then
            return gate_refusal('RateLimited', jsonb_build_object('bucket', 'concurrent_calls'));
        end if;
    elsif v->>'kind' = 'number' then
        select number_quota into v_limit from workspaces where workspace_id = v->>'workspace_id';
        select count(*) into v_current from numbers
            where workspace_id = v->>'workspace_id' and environment = v->>'environment'
              and state in ('reserved', 'active', 'releasing');
        if v_current >= v_limit then
            return gate_refusal('NumberQuotaExceeded',
                                jsonb_build_object('limit', v_limit, 'current', v_current));
        end if;
        -- No payment method can be stored yet, so every workspace is one without.
        if v_current >= (v#>>'{row,withoutPaymentMethod}')::int then
            return gate_refusal('PaymentMethodRequired', jsonb_build_object('activeNumbers', v_current));
        end if;
    end if;
    return null;
end $$;

create or replace function gate_refuse(v jsonb, p_refusal jsonb, p_now timestamptz) returns jsonb
language plpgsql as $$
begin
    perform audit_append(v->>'workspace_id', v->>'environment', v->>'audit_id', 'gate.refused', v->>'kind', v->>'id',
                         v->>'actor', p_refusal || jsonb_build_object('to', v->>'to', 'rules', v->>'rules'), p_now);
    return p_refusal || '{"verdict": "refused"}';
end $$;

create or replace function gate_admit_one(v jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
declare
    v_result jsonb;
    v_made jsonb;
    v_path text[] := array(select jsonb_array_elements_text(v->'path'));
    v_inbound boolean := coalesce((v->>'inbound')::boolean, false);
begin
    if v ? 'idempotency' and v->'idempotency' <> 'null' then
        v_result := gate_remembered(v);
        if v_result is not null then return v_result; end if;
    end if;
    v_result := gate_check_sender(v, p_now);
    if v_result is not null then return v_result || '{"verdict": "refused"}'; end if;
    if v->>'kind' <> 'number' and not v_inbound then
        v_result := gate_check_peer(v);
    end if;
    v_result := coalesce(v_result, gate_check_limits(v));
    if v->>'kind' = 'number' then
        v_result := coalesce(v_result, numbers_taken(v), numbers_price_refusal(v));
    end if;
    v_result := coalesce(v_result, ledger_hold(
        v->>'workspace_id', v->>'environment', v->>'hold_id', v->>'kind', v->>'id', v->>'key_id', v_path,
        case when v->>'kind' = 'number' then numbers_first_charge(v) else (v->>'amount_cents')::bigint end, p_now));
    if v_result is not null then return gate_refuse(v, v_result, p_now); end if;

    v_made := case v->>'kind'
        when 'message' then messaging_accept(v, p_now)
        when 'call' then voice_accept(v, p_now)
        else numbers_accept(v, p_now)
    end;
    if v->>'operation_id' is not null then
        insert into carrier_operations (workspace_id, id, environment, kind, resource_id, state, attempts, owner,
                                        due_at, created_at)
            values (v->>'workspace_id', v->>'operation_id', v->>'environment', v->>'handoff', v->>'id', 'open', 0,
                    v->>'owner', p_now + make_interval(secs => (v->>'lease_sec')::float), p_now);
    end if;
    if v ? 'idempotency' and v->'idempotency' <> 'null' then
        insert into idempotency_records (workspace_id, key_id, route, idempotency_key, fingerprint, state, resource_id,
                                         lease_until, created_at)
            values (v->>'workspace_id', v->>'key_id', v#>>'{idempotency,route}', v#>>'{idempotency,key}',
                    decode(v#>>'{idempotency,fingerprint}', 'hex'), 'in_progress', v->>'id',
                    p_now + make_interval(secs => (v->>'lease_sec')::float), p_now);
    end if;
    perform audit_append(v->>'workspace_id', v->>'environment', v->>'audit_id', (v->>'kind') || '.accepted', v->>'kind',
                         v->>'id', v->>'actor', jsonb_build_object('to', v->>'to', 'numberId', v->>'number_id',
                         'holdId', v->>'hold_id', 'rules', v->>'rules'), p_now);
    return jsonb_build_object('verdict', 'admitted', 'made', v_made);
end $$;

-- Admits many at once. All accounts, then all phone numbers that are to be bought (in the whole deployment), then all senders,
-- are locked before the first element is worked on, each in one order: two calls never wait for each other in a circle.
create or replace function gate_admit(p_intents jsonb, p_now timestamptz default null) returns jsonb
language plpgsql as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_verdicts jsonb[] := array_fill(null::jsonb, array[jsonb_array_length(p_intents)]);
    v record;
begin
    perform 1 from accounts a
        where (a.workspace_id, a.environment) in (
            select i->>'workspace_id', i->>'environment' from jsonb_array_elements(p_intents) i)
        order by a.workspace_id, a.environment for update;
    perform pg_advisory_xact_lock(hashtextextended(wanted.e164, 0)) from (
        select distinct i#>>'{row,e164}' as e164 from jsonb_array_elements(p_intents) i
        where i->>'kind' = 'number' order by 1) wanted;
    perform 1 from numbers n
        where (n.workspace_id, n.id) in (
            select i->>'workspace_id', i->>'number_id' from jsonb_array_elements(p_intents) i)
        order by n.workspace_id, n.id for share;
    for v in
        select value as intent, ordinality as place from jsonb_array_elements(p_intents) with ordinality
        order by value->>'workspace_id', value->>'environment', ordinality
    loop
        v_verdicts[v.place] := gate_admit_one(v.intent, v_now);
    end loop;
    return to_jsonb(v_verdicts);
end $$;
