-- Keeps carriers' events as applied, each once, for what is applied in the same transaction. Which were not known before.
--   event: {carrier, event_id, kind, ref, data, occurred_at}
create or replace function outbox_keep_applied(p_events jsonb[], p_now timestamptz) returns boolean[] language plpgsql as $$
declare
    v_new boolean[] := array_fill(false, array[cardinality(p_events)]);
    v_place int;
    e jsonb;
begin
    -- In one order, so that two servers with the same events never wait for each other in a circle.
    for v_place in
        select place from unnest(p_events) with ordinality as u(event, place) order by event->>'carrier', event->>'event_id'
    loop
        e := p_events[v_place];
        insert into carrier_events (carrier, event_id, kind, ref, data, occurred_at, received_at, attempts, applied_at)
            values (e->>'carrier', e->>'event_id', e->>'kind', e->>'ref', e->'data', (e->>'occurred_at')::timestamptz,
                    p_now, 0, p_now)
            on conflict do nothing;
        v_new[v_place] := found;
    end loop;
    return v_new;
end $$;
