-- The row of an admitted message; called by the gate, in its transaction. Returns what the hand-off needs of the sender.
create or replace function messaging_accept(v jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
declare
    v_number numbers;
    v_sender text;
begin
    select * into strict v_number from numbers where workspace_id = v->>'workspace_id' and id = v->>'number_id';
    -- Alphanumeric senders do not exist in North America: there the number itself is shown.
    v_sender := case when v->>'to' not like '+1%' then v_number.sms_sender_id end;
    insert into messages (workspace_id, id, environment, number_id, direction, from_number, sender_id, to_number, body, encoding,
                          segments, status, purpose, hold_id, key_id, created_at)
        values (v->>'workspace_id', v->>'id', v->>'environment', v->>'number_id', 'outbound', v_number.e164,
                v_sender, v->>'to', v#>>'{row,body}', v#>>'{row,encoding}', (v#>>'{row,segments}')::int, 'queued', 'customer',
                v->>'hold_id', v->>'key_id', p_now);
    return jsonb_build_object('from', v_number.e164, 'senderId', v_sender,
                              'createdAt', extract(epoch from p_now));
end $$;

-- The carrier has these messages: each is settled (never above what was held), marked, and told of, once.
--   item: {workspace_id, id, operation_id, carrier_message_id, cents, audit_id, event_id}
create or replace function messaging_sent_one(i jsonb, p_now timestamptz) returns text language plpgsql as $$
declare
    m messages;
    v_cost bigint;
begin
    select * into strict m from messages where workspace_id = i->>'workspace_id' and id = i->>'id';
    if m.hold_id is not null then
        v_cost := (ledger_close(m.workspace_id, m.hold_id, coalesce((i->>'cents')::bigint, 0), p_now)->>'settledCents');
    end if;
    update carrier_operations
        set state = 'done', finished_at = p_now, owner = null,
            outcome = jsonb_build_object('messageId', i->>'carrier_message_id')
        where workspace_id = m.workspace_id and id = i->>'operation_id';
    -- A receipt that overtook this answer has moved the status on already; it stays.
    update messages
        set carrier_message_id = i->>'carrier_message_id', handed_off_at = p_now, cost_cents = v_cost,
            status = case when status = 'queued' then 'sent' else status end
        where workspace_id = m.workspace_id and id = m.id and handed_off_at is null;
    if found then
        perform audit_append(m.workspace_id, m.environment, i->>'audit_id', 'message.sent', 'message', m.id, 'network',
                             jsonb_build_object('costCents', v_cost), p_now);
        insert into events (workspace_id, id, environment, event_type, number_id, payload, created_at)
            values (m.workspace_id, i->>'event_id', m.environment, 'message.sent', m.number_id, jsonb_build_object(
                        'numberId', m.number_id, 'messageId', m.id, 'from', m.from_number, 'to', m.to_number,
                        'status', 'sent', 'segments', m.segments), p_now);
    end if;
    return (select status from messages where workspace_id = m.workspace_id and id = m.id);
end $$;

create or replace function messaging_sent(p_items jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
declare
    v_statuses text[] := array_fill(null::text, array[jsonb_array_length(p_items)]);
    v record;
begin
    -- Accounts first, then messages, each in one order: the order of locks that every other writer keeps.
    perform 1 from accounts a
        where (a.workspace_id, a.environment) in (
            select m.workspace_id, m.environment
            from jsonb_array_elements(p_items) i
            join messages m on m.workspace_id = i->>'workspace_id' and m.id = i->>'id')
        order by a.workspace_id, a.environment for update;
    perform 1 from messages m
        where (m.workspace_id, m.id) in (
            select i->>'workspace_id', i->>'id' from jsonb_array_elements(p_items) i)
        order by m.workspace_id, m.id for update;
    for v in
        select value as item, ordinality as place from jsonb_array_elements(p_items) with ordinality
        order by value->>'workspace_id', ordinality
    loop
        v_statuses[v.place] := messaging_sent_one(v.item, p_now);
    end loop;
    return to_jsonb(v_statuses);
end $$;
