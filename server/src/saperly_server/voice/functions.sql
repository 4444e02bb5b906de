-- The row of an admitted call; called by the gate, in its transaction. The process that asked owns the call from the start.
create or replace function voice_accept(v jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
begin
    insert into calls (workspace_id, id, environment, number_id, connection_id, direction, from_number, to_number,
                       status, instructions, plan, rate_micros_per_min, hold_id, key_id, carrier_call_id, owner,
                       created_at)
        values (v->>'workspace_id', v->>'id', v->>'environment', v->>'number_id', v#>>'{row,connectionId}',
                v#>>'{row,direction}', v#>>'{row,from}', v#>>'{row,to}', 'initiated', v#>>'{row,instructions}',
                v#>'{row,plan}', (v#>>'{row,rateMicrosPerMin}')::bigint, v->>'hold_id', v->>'key_id',
                v#>>'{row,carrierCallId}', v->>'owner', p_now);
    if v#>>'{row,direction}' = 'inbound' then
        insert into events (workspace_id, id, environment, event_type, number_id, payload, created_at)
            values (v->>'workspace_id', 'evt_received_' || (v->>'id'), v->>'environment', 'call.received',
                    v->>'number_id', jsonb_build_object(
                        'numberId', v->>'number_id', 'callId', v->>'id', 'connectionId', v#>>'{row,connectionId}',
                        'from', v#>>'{row,from}', 'to', v#>>'{row,to}',
                        'startedAt', to_char(p_now at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"')), p_now);
    end if;
    return jsonb_build_object('createdAt', extract(epoch from p_now));
end $$;

-- Until when a process holds its calls unless it is seen again; null for one that was not seen yet. Whoever may see a call
-- may ask for its owner.
create or replace function voice_owner_held_until(p_owner text) returns timestamptz
language sql stable security definer set search_path = public, pg_temp as $$
    select lease_until from call_owners where owner = p_owner
$$;

-- Appends to the logs of many calls at once: the input, the turns it made, and how the disclosure stands if that changed.
-- One boolean each: false when the call is no longer the owner's, which must then leave it alone. What is stored already,
-- by a commit of which nobody heard, stays. (The plain loop is faster than one statement over all items, whose plan has to
-- be set up for each batch.)
--   item: {workspace_id, environment, call_id, owner, seq, input, at, turns: [{seq, role, text, heard, interrupted, at}],
--          disclosure: {audit_id, text, outcome, at, over} or null}
create or replace function voice_log(p_items jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
declare
    i jsonb;
    v_mine boolean;
    v_answers jsonb := '[]';
    v_trail audit_events[] := '{}';
begin
    for i in select value from jsonb_array_elements(p_items) loop
        perform 1 from calls
            where workspace_id = i->>'workspace_id' and id = i->>'call_id' and owner = i->>'owner'
              and status = 'initiated' for share;
        v_mine := found;
        if v_mine then
            insert into call_inputs (workspace_id, call_id, seq, input, at)
                values (i->>'workspace_id', i->>'call_id', (i->>'seq')::int, i->'input', (i->>'at')::timestamptz)
                on conflict do nothing;
            if i->'turns' <> '[]' then
                insert into transcript_turns (workspace_id, call_id, seq, role, text, heard, interrupted, at)
                    select i->>'workspace_id', i->>'call_id', t.seq, t.role, t.text, t.heard, t.interrupted, t.at
                    from jsonb_to_recordset(i->'turns')
                        as t(seq int, role text, text text, heard text, interrupted boolean, at timestamptz)
                    on conflict do nothing;
            end if;
            if i->'disclosure' <> 'null' then
                v_trail := v_trail || voice_disclose(i, p_now);
            end if;
        end if;
        v_answers := v_answers || to_jsonb(v_mine);
    end loop;
    perform audit_append_all(v_trail);
    return v_answers;
end $$;

-- Notes that a disclosure began, or how it ended, with its text and the text's hash. Returns its row for the audit trail.
create or replace function voice_disclose(i jsonb, p_now timestamptz) returns audit_events language plpgsql as $$
declare
    d jsonb := i->'disclosure';
    v_ended timestamptz := case when (d->>'over')::boolean then (d->>'at')::timestamptz end;
    v_hash bytea := sha256(convert_to(d->>'text', 'UTF8'));
begin
    insert into disclosures (workspace_id, call_id, text, sha256, outcome, started_at, ended_at)
        values (i->>'workspace_id', i->>'call_id', d->>'text', v_hash, d->>'outcome', (d->>'at')::timestamptz, v_ended)
        on conflict (workspace_id, call_id) do update set outcome = excluded.outcome, ended_at = excluded.ended_at;
    return row(i->>'workspace_id', null, d->>'audit_id', i->>'environment', 'disclosure.' || (d->>'outcome'), 'call',
               i->>'call_id', 'system', jsonb_build_object('sha256', encode(v_hash, 'hex')), p_now, null)::audit_events;
end $$;

-- Makes the holds of many calls larger, each in its turn. One boolean each: false where the money or a cap refuses it.
--   item: {workspace_id, environment, hold_id, amount}
create or replace function voice_extend(p_items jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
declare
    v_granted boolean[] := array_fill(false, array[jsonb_array_length(p_items)]);
    v record;
begin
    perform ledger_lock_all(p_items);
    for v in
        select value as item, ordinality as place from jsonb_array_elements(p_items) with ordinality
        order by value->>'workspace_id', value->>'environment', ordinality
    loop
        v_granted[v.place] := ledger_extend(v.item->>'workspace_id', v.item->>'hold_id', (v.item->>'amount')::bigint,
                                            p_now) is null;
    end loop;
    return to_jsonb(v_granted);
end $$;
