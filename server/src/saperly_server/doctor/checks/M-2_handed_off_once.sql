-- A message is handed to the carrier once at most, and only after the gate let it through.
select o.workspace_id, o.resource_id as row_id, format('There are %s hand-offs of this message.', count(*)) as sentence
from carrier_operations o
where o.kind = 'message.send'
group by o.workspace_id, o.resource_id
having count(*) > 1
union all
select m.workspace_id, m.id, 'This message was sent, and there is no line in the audit trail that lets it through.'
from messages m
where m.direction = 'outbound' and m.purpose = 'customer' and not exists (
    select 1 from audit_events t
    where t.workspace_id = m.workspace_id and t.target_id = m.id and t.event_type = 'message.accepted')
union all
select m.workspace_id, m.id, 'This message has a name at the carrier, but was never handed off.'
from messages m
where m.direction = 'outbound' and m.carrier_message_id is not null and m.handed_off_at is null
