-- The row of an admitted call; called by the gate, in its transaction. The process that asked owns the call from the start.
create or replace function voice_accept(v jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
begin
    insert into calls (workspace_id, id, environment, number_id, connection_id, direction, from_number, to_number,
                       status, instructions, plan, rate_micros_per_min, hold_id, key_id, carrier_call_id, owner,
                       lease_until, created_at)
        values (v->>'workspace_id', v->>'id', v->>'environment', v->>'number_id', v#>>'{row,connectionId}',
                v#>>'{row,direction}', v#>>'{row,from}', v#>>'{row,to}', 'initiated', v#>>'{row,instructions}',
                v#>'{row,plan}', (v#>>'{row,rateMicrosPerMin}')::bigint, v->>'hold_id', v->>'key_id',
                v#>>'{row,carrierCallId}', v->>'owner',
                p_now + make_interval(secs => (v#>>'{row,leaseSec}')::float), p_now);
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

-- Appends to the logs of many calls at once: the input, and the turns it made. One boolean each: false when the call is no
-- longer the owner's, which must then leave it alone.
--   item: {workspace_id, call_id, owner, seq, input, at, turns: [{seq, role, text, heard, interrupted, at}]}
create or replace function voice_log(p_items jsonb) returns jsonb language plpgsql as $$
declare
    i jsonb;
    v_mine boolean;
    v_answers jsonb := '[]';
begin
    for i in select value from jsonb_array_elements(p_items) loop
        perform 1 from calls
            where workspace_id = i->>'workspace_id' and id = i->>'call_id' and owner = i->>'owner'
              and status = 'initiated' for share;
        v_mine := found;
        if v_mine then
            insert into call_inputs (workspace_id, call_id, seq, input, at)
                values (i->>'workspace_id', i->>'call_id', (i->>'seq')::int, i->'input', (i->>'at')::timestamptz);
            insert into transcript_turns (workspace_id, call_id, seq, role, text, heard, interrupted, at)
                select i->>'workspace_id', i->>'call_id', t.seq, t.role, t.text, t.heard, t.interrupted, t.at
                from jsonb_to_recordset(i->'turns')
                    as t(seq int, role text, text text, heard text, interrupted boolean, at timestamptz)
                on conflict do nothing;
        end if;
        v_answers := v_answers || to_jsonb(v_mine);
    end loop;
    return v_answers;
end $$;
