-- The gate: the only way out. It takes intents as an array, so that many are admitted by one call and one commit; each gets
-- its own verdict, and a refused one leaves nothing but its line in the audit trail. A rule is asked of all intents in one
-- statement, and a table's rows are written by one: that is what makes a folded admission cheap.
--
-- An intent:  kind 'message' | 'call' | 'number', workspace_id, environment, id, hold_id, operation_id, audit_id, actor,
--             key_id, path, number_id, to, country, refused (a destination that is never allowed), amount_cents,
--             consent_policy, inbound, owner, lease_sec, handoff, row (what its feature stores),
--             idempotency {route, key, fingerprint, lease_sec} or null.
-- A verdict:  {verdict: 'admitted', made} (what its feature's accept function returned)
--             | {verdict: 'refused', tag, facts} | {verdict: 'replay', status, body, resource_id}
--             | {verdict: 'in_progress', resource_id} | {verdict: 'mismatch'}

create or replace function gate_refusal(p_tag text, p_facts jsonb) returns jsonb language sql stable as $$
    select jsonb_build_object('verdict', 'refused', 'tag', p_tag, 'facts', p_facts)
$$;

-- The verdict on a request whose Idempotency-Key was used before; null for a new one.
create or replace function gate_remembered(v jsonb) returns jsonb language sql stable as $$
    select case
        when r.fingerprint <> decode(v#>>'{idempotency,fingerprint}', 'hex')
            then jsonb_build_object('verdict', 'mismatch')
        when r.state = 'in_progress'
            then jsonb_build_object('verdict', 'in_progress', 'resource_id', r.resource_id)
        else jsonb_build_object('verdict', 'replay', 'status', r.status, 'body', convert_from(r.body, 'UTF8'),
                                'resource_id', r.resource_id)
    end
    from idempotency_records r
    where r.workspace_id = v->>'workspace_id' and r.key_id = v->>'key_id' and r.route = v#>>'{idempotency,route}'
      and r.idempotency_key = v#>>'{idempotency,key}'
$$;

-- The rules about who asks and whom, in their order: the key and its ancestors, the workspace, the sender, the
-- destination, the peer's own wish, consent. The first that says no decides; null when all agree.
create or replace function gate_check_rules(v jsonb, p_now timestamptz) returns jsonb language plpgsql stable as $$
declare
    v_dead boolean;
    v_stopped boolean;
    v_sender boolean;
    v_served boolean;
    v_state text;
begin
    select exists (select 1 from api_keys k
                   where k.workspace_id = w.workspace_id and (k.revoked_at is not null or k.expires_at <= p_now)
                     and k.id = any(array(select jsonb_array_elements_text(v->'path')))),
           w.spending_stopped_at is not null,
           exists (select 1 from numbers n
                   where n.workspace_id = w.workspace_id and n.id = v->>'number_id'
                     and n.environment = v->>'environment' and n.state = 'active'),
           v->>'refused' is null and v->>'country' = any(w.destinations)
        into v_dead, v_stopped, v_sender, v_served
        from workspaces w where w.workspace_id = v->>'workspace_id';
    if v_dead then return gate_refusal('Unauthorized', '{}'); end if;
    if v_stopped then return gate_refusal('SpendingStopped', '{}'); end if;
    if v->>'kind' = 'number' then return null; end if;
    if not v_sender then
        return gate_refusal('NumberNotFound', jsonb_build_object('numberId', v->>'number_id'));
    end if;
    if (v->>'inbound')::boolean then return null; end if;
    if v_served is not true then
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

-- How many calls at once, how many numbers. What one is told depends on the one before it, so they come one by one.
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

-- The hold that an intent needs.
create or replace function gate_hold(v jsonb, p_now timestamptz) returns holds language sql stable as $$
    select ledger_wanted(
        v->>'workspace_id', v->>'environment', v->>'hold_id', v->>'kind', v->>'id', v->>'key_id',
        case v->>'kind' when 'number' then numbers_first_charge(v) else (v->>'amount_cents')::bigint end, p_now)
$$;

-- The rows of what is admitted: the feature's own, the carrier operation that carries it out, the memory of its
-- Idempotency-Key. What the feature returned, by id.
create or replace function gate_store(p_intents jsonb[], p_now timestamptz) returns jsonb language plpgsql as $$
declare
    v jsonb := p_intents[1];
    v_made jsonb;
begin
    case v->>'kind'
        when 'message' then v_made := messaging_accept(p_intents, p_now);
        when 'call' then v_made := jsonb_build_object(v->>'id', voice_accept(v, p_now));
        else v_made := jsonb_build_object(v->>'id', numbers_accept(v, p_now));
    end case;
    insert into carrier_operations (workspace_id, id, environment, kind, resource_id, state, attempts, owner, due_at,
                                    created_at)
        select i->>'workspace_id', i->>'operation_id', i->>'environment', i->>'handoff', i->>'id', 'open', 0,
               i->>'owner', p_now + make_interval(secs => (i->>'lease_sec')::float), p_now
        from unnest(p_intents) i where i->>'operation_id' is not null;
    foreach v in array p_intents loop
        continue when v->>'idempotency' is null;
        insert into idempotency_records (workspace_id, key_id, route, idempotency_key, fingerprint, state, resource_id,
                                         lease_until, created_at)
            values (v->>'workspace_id', v->>'key_id', v#>>'{idempotency,route}', v#>>'{idempotency,key}',
                    decode(v#>>'{idempotency,fingerprint}', 'hex'), 'in_progress', v->>'id',
                    p_now + make_interval(secs => (v->>'lease_sec')::float), p_now);
    end loop;
    return v_made;
end $$;

-- A decision's line in the trail.
create or replace function gate_line(v jsonb, p_verdict jsonb, p_now timestamptz) returns audit_events
language sql stable as $$
    select row(
        v->>'workspace_id', null, v->>'audit_id', v->>'environment',
        case p_verdict->>'verdict' when 'admitted' then (v->>'kind') || '.accepted' else 'gate.refused' end,
        v->>'kind', v->>'id', v->>'actor',
        jsonb_build_object('to', v->>'to', 'rules', v->>'rules')
            || case p_verdict->>'verdict'
                   when 'admitted' then jsonb_build_object('numberId', v->>'number_id', 'holdId', v->>'hold_id')
                   else p_verdict - 'verdict' end,
        p_now, null)::audit_events
$$;

-- The verdict that is reached before money: what is remembered, then the rules, then the limits. Null when none says no.
create or replace function gate_judge(v jsonb, p_now timestamptz) returns jsonb language plpgsql stable as $$
declare
    v_verdict jsonb;
begin
    if v->>'idempotency' is not null then v_verdict := gate_remembered(v); end if;
    v_verdict := coalesce(v_verdict, gate_check_rules(v, p_now), gate_check_limits(v));
    if v->>'kind' = 'number' then v_verdict := coalesce(v_verdict, numbers_taken(v), numbers_price_refusal(v)); end if;
    return v_verdict;
end $$;

-- Holds the money of the intents that have no verdict yet; gives one to each whose money is not there.
create or replace function gate_hold_money(
    p_intents jsonb[], p_now timestamptz, inout verdicts jsonb[], out trail audit_events[]
) language plpgsql as $$
declare
    v_places int[] := '{}';
    v_holds holds[] := '{}';
    v_refusals jsonb[];
begin
    for place in 1 .. cardinality(p_intents) loop
        if verdicts[place] is null then
            v_places := v_places || place;
            v_holds := v_holds || gate_hold(p_intents[place], p_now);
        end if;
    end loop;
    select h.refusals, h.trail into v_refusals, trail from ledger_hold_all(v_holds) h;
    for nth in 1 .. cardinality(v_places) loop
        if v_refusals[nth] is not null then
            verdicts[v_places[nth]] := gate_refusal(v_refusals[nth]->>'tag', v_refusals[nth]->'facts');
        end if;
    end loop;
end $$;

-- Decides on intents that can be decided on together: messages, or one call, or one number.
create or replace function gate_decide(p_intents jsonb[], p_now timestamptz) returns jsonb[] language plpgsql as $$
declare
    v_verdicts jsonb[] := array_fill(null::jsonb, array[cardinality(p_intents)]);
    v_admitted jsonb[] := '{}';
    v_trail audit_events[];
    v_made jsonb;
begin
    for place in 1 .. cardinality(p_intents) loop
        v_verdicts[place] := gate_judge(p_intents[place], p_now);
    end loop;
    select h.verdicts, h.trail into v_verdicts, v_trail from gate_hold_money(p_intents, p_now, v_verdicts) h;
    for place in 1 .. cardinality(p_intents) loop
        if v_verdicts[place] is null then v_admitted := v_admitted || p_intents[place]; end if;
    end loop;
    if cardinality(v_admitted) > 0 then v_made := gate_store(v_admitted, p_now); end if;
    for place in 1 .. cardinality(p_intents) loop
        v_verdicts[place] := coalesce(v_verdicts[place], jsonb_build_object(
            'verdict', 'admitted', 'made', v_made->(p_intents[place]->>'id')));
        if v_verdicts[place]->>'verdict' in ('admitted', 'refused') then
            v_trail := v_trail || gate_line(p_intents[place], v_verdicts[place], p_now);
        end if;
    end loop;
    perform audit_append_all(v_trail);
    return v_verdicts;
end $$;

-- Which intents are decided on together. Each call and each number depends on the one before it; so does a request that
-- repeats another one's Idempotency-Key.
create or replace function gate_rounds(p_intents jsonb) returns table (intents jsonb[], places bigint[])
language plpgsql stable as $$
begin
    return query select array_agg(v order by place), array_agg(place order by place)
    from (
        select v, place, case when v->>'kind' <> 'message' then place end as alone,
               case when v->>'idempotency' is not null then row_number() over (
                   partition by v->>'workspace_id', v->>'key_id', v->'idempotency'->>'route', v->'idempotency'->>'key'
                   order by place) end as repetition
        from jsonb_array_elements(p_intents) with ordinality as i(v, place)
    ) sorted
    group by alone, coalesce(repetition, 1)
    order by alone nulls first, coalesce(repetition, 1);
end $$;

-- Locks what the intents are about, each kind in one order, so that two calls never wait for each other in a circle: all
-- accounts, then all phone numbers that are to be bought (in the whole deployment), then all senders.
create or replace function gate_lock(p_intents jsonb) returns void language plpgsql as $$
declare
    v record;
begin
    perform ledger_lock_all(p_intents);
    if p_intents @> '[{"kind": "number"}]' then
        perform pg_advisory_xact_lock(hashtextextended(wanted.e164, 0)) from (
            select distinct i#>>'{row,e164}' as e164 from jsonb_array_elements(p_intents) i
            where i->>'kind' = 'number' order by 1) wanted;
    end if;
    for v in
        select distinct i->>'workspace_id' as workspace_id, i->>'number_id' as number_id
        from jsonb_array_elements(p_intents) i order by 1, 2
    loop
        perform 1 from numbers where workspace_id = v.workspace_id and id = v.number_id for share;
    end loop;
end $$;

-- Admits many at once: locked together, decided on in as few rounds as can be, committed together by the caller.
create or replace function gate_admit(p_intents jsonb, p_now timestamptz default null) returns jsonb
language plpgsql as $$
declare
    v_now timestamptz := coalesce(p_now, clock_timestamp());
    v_verdicts jsonb[];
    v_decided jsonb[];
    r record;
begin
    perform gate_lock(p_intents);
    if jsonb_array_length(p_intents) = 1 then return to_jsonb(gate_decide(array[p_intents->0], v_now)); end if;
    v_verdicts := array_fill(null::jsonb, array[jsonb_array_length(p_intents)]);
    for r in select * from gate_rounds(p_intents) loop
        v_decided := gate_decide(r.intents, v_now);
        for nth in 1 .. cardinality(r.places) loop
            v_verdicts[r.places[nth]] := v_decided[nth];
        end loop;
    end loop;
    return to_jsonb(v_verdicts);
end $$;
