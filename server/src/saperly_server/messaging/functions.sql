-- The rows of admitted messages; called by the gate, in its transaction. What the hand-off needs of each sender, by id.
create or replace function messaging_accept(p_intents jsonb[], p_now timestamptz) returns jsonb language plpgsql as $$
declare
    v_made jsonb;
begin
    with stored as (
        insert into messages (workspace_id, id, environment, number_id, direction, from_number, sender_id, to_number,
                              body, encoding, segments, status, purpose, hold_id, key_id, created_at)
            select v->>'workspace_id', v->>'id', v->>'environment', v->>'number_id', 'outbound', n.e164,
                   -- Alphanumeric senders do not exist in North America: there the number itself is shown.
                   case when v->>'to' not like '+1%' then n.sms_sender_id end,
                   v->>'to', v->'row'->>'body', v->'row'->>'encoding', (v->'row'->>'segments')::int, 'queued',
                   'customer', v->>'hold_id', v->>'key_id', p_now
            from unnest(p_intents) v
            join numbers n on n.workspace_id = v->>'workspace_id' and n.id = v->>'number_id'
            returning id, from_number, sender_id
    )
    select jsonb_object_agg(id, jsonb_build_object('from', from_number, 'senderId', sender_id,
                                                   'createdAt', extract(epoch from p_now)))
        into v_made from stored;
    return v_made;
end $$;

-- The carrier has these messages: marked and told of, once. Those that were marked now.
create or replace function messaging_mark_sent(p_items jsonb[], p_now timestamptz) returns messages[] language plpgsql as $$
declare
    v_sent messages[];
begin
    update carrier_operations o
        set state = 'done', finished_at = p_now, owner = null,
            outcome = jsonb_build_object('messageId', i->>'carrier_message_id')
        from unnest(p_items) i where o.workspace_id = i->>'workspace_id' and o.id = i->>'operation_id';
    -- A receipt that overtook this answer has moved the status on already; it stays.
    with sent as (
        update messages m
            set carrier_message_id = i->>'carrier_message_id', handed_off_at = p_now,
                cost_cents = (select h.settled_cents from holds h
                              where h.workspace_id = m.workspace_id and h.id = m.hold_id),
                status = case when m.status = 'queued' then 'sent' else m.status end
            from unnest(p_items) i
            where m.workspace_id = i->>'workspace_id' and m.id = i->>'id' and m.handed_off_at is null
            returning m
    )
    select coalesce(array_agg(m), '{}') into v_sent from sent;
    return v_sent;
end $$;

-- The carrier has these messages: each is settled (never above what was held) and marked. The status of each, in order.
--   item: {workspace_id, environment, id, operation_id, carrier_message_id, cents, audit_id, event_id}
create or replace function messaging_sent(p_items jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
declare
    v_items jsonb[] := array(select i from jsonb_array_elements(p_items) i order by i->>'workspace_id', i->>'id');
    v_closings holds[] := '{}';
    v_trail audit_events[];
    i jsonb;
    m messages;
begin
    -- Accounts first, then messages, each in one order: the order of locks that every other writer keeps.
    perform ledger_lock_all(p_items);
    foreach i in array v_items loop
        select * into strict m from messages where workspace_id = i->>'workspace_id' and id = i->>'id' for update;
        if m.hold_id is not null then
            v_closings := v_closings || ledger_closing(m.workspace_id, m.hold_id, coalesce((i->>'cents')::bigint, 0));
        end if;
    end loop;
    v_trail := ledger_close_all(v_closings, p_now);
    v_trail := v_trail || messaging_tell_sent(messaging_mark_sent(v_items, p_now), p_items, p_now);
    perform audit_append_all(v_trail);
    return (select jsonb_agg(sent.status order by place)
            from jsonb_array_elements(p_items) with ordinality as asked(item, place)
            join messages sent on sent.workspace_id = item->>'workspace_id' and sent.id = item->>'id');
end $$;

-- One event, and one row for the trail, for each message that was handed off now.
create or replace function messaging_tell_sent(p_sent messages[], p_items jsonb, p_now timestamptz) returns audit_events[]
language plpgsql as $$
begin
    insert into events (workspace_id, id, environment, event_type, number_id, payload, created_at)
        select m.workspace_id, i->>'event_id', m.environment, 'message.sent', m.number_id, jsonb_build_object(
                   'numberId', m.number_id, 'messageId', m.id, 'from', m.from_number, 'to', m.to_number,
                   'status', 'sent', 'segments', m.segments), p_now
        from unnest(p_sent) m join jsonb_array_elements(p_items) i on i->>'id' = m.id;
    return array(
        select row(m.workspace_id, null, i->>'audit_id', m.environment, 'message.sent', 'message', m.id, 'network',
                   jsonb_build_object('costCents', m.cost_cents), p_now, null)::audit_events
        from unnest(p_sent) m join jsonb_array_elements(p_items) i on i->>'id' = m.id
        order by m.workspace_id, m.id);
end $$;

-- Receipts move their messages forward, and the first final status of each stays and is told of.
--   receipt: {workspace_id, message_id, status (null when it says nothing new), final, told, error, audit_id, event_id}
create or replace function messaging_apply_receipts(p_receipts jsonb[], p_now timestamptz) returns void
language plpgsql as $$
declare
    v_trail audit_events[] := '{}';
    r jsonb;
    m messages;
begin
    for r in select receipt from unnest(p_receipts) with ordinality as u(receipt, place)
             order by receipt->>'workspace_id', receipt->>'message_id', place
    loop
        update messages
            set status = coalesce(r->>'status', status), error = coalesce(r->>'error', error),
                finalized_at = case when (r->>'final')::boolean then p_now end
            where workspace_id = r->>'workspace_id' and id = r->>'message_id' and direction = 'outbound'
              and finalized_at is null and status in ('queued', 'sent')
            returning * into m;
        continue when m.finalized_at is null;
        insert into events (workspace_id, id, environment, event_type, number_id, payload, created_at)
            values (m.workspace_id, r->>'event_id', m.environment, 'message.finalized', m.number_id, jsonb_build_object(
                        'numberId', m.number_id, 'messageId', m.id, 'from', m.from_number, 'to', m.to_number,
                        'status', r->>'told', 'segments', m.segments), p_now);
        v_trail := v_trail || row(
            m.workspace_id, null, r->>'audit_id', m.environment, 'message.finalized', 'message', m.id, 'network',
            jsonb_build_object('status', r->>'told'), p_now, null)::audit_events;
    end loop;
    perform audit_append_all(v_trail);
end $$;

-- Takes in what carriers say of messages: each event kept once, and what it says applied with it.
--   item: {event, receipt (null when it changes nothing)}
create or replace function messaging_receipts(p_items jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
declare
    v_items jsonb[] := array(select jsonb_array_elements(p_items));
    v_new boolean[] := outbox_keep_applied(array(select i->'event' from unnest(v_items) i), p_now);
begin
    perform messaging_apply_receipts(array(
        select i->'receipt' from unnest(v_items, v_new) as u(i, new) where new and i->>'receipt' is not null), p_now);
    return to_jsonb(v_new);
end $$;
