-- A call is dialled once at most, and only after the gate let it through.
select o.workspace_id, o.resource_id as row_id, format('There are %s dials for this call.', count(*)) as sentence
from carrier_operations o
where o.kind = 'call.dial'
group by o.workspace_id, o.resource_id
having count(*) > 1
union all
select c.workspace_id, c.id, 'This call reached the network, and there is no line in the audit trail that lets it through.'
from calls c
where c.hold_id is not null and not exists (
    select 1 from audit_events t
    where t.workspace_id = c.workspace_id and t.target_id = c.id and t.event_type = 'call.accepted'
      and t.data->>'holdId' = c.hold_id)
union all
select c.workspace_id, c.id, 'Nobody paid for this call, but it went through.'
from calls c
where c.hold_id is null and (c.answered_at is not null or c.status in ('initiated', 'completed'))
