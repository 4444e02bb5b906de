-- An open hold pays for something under way, what is under way has an open hold, and somebody is at work on it.
with live as (
    select workspace_id, id, 'call' as purpose, hold_id from calls where status = 'initiated'
    union all
    select workspace_id, id, 'number', hold_id from numbers where state = 'reserved'
    union all
    select workspace_id, id, 'message', hold_id from messages
    where direction = 'outbound' and purpose = 'customer' and handed_off_at is null and status <> 'failed'
)
select h.workspace_id, h.id as row_id,
       format('This hold of %s is open, but the %s %s is not under way.', h.amount_cents, h.purpose, h.resource_id) as sentence
from holds h
left join live l on l.workspace_id = h.workspace_id and l.id = h.resource_id and l.hold_id = h.id
where h.state = 'open' and l.id is null
union all
select l.workspace_id, l.id, format('This %s is under way, but no open hold pays for it.', l.purpose)
from live l
left join holds h on h.workspace_id = l.workspace_id and h.id = l.hold_id and h.state = 'open'
where h.id is null
union all
select workspace_id, id, 'This call is live, but no process has held it for a while.'
from calls where status = 'initiated' and coalesce(lease_until, voice_owner_held_until(owner), created_at) < :stale
union all
select workspace_id, id, format('Nobody has worked on this %s for a while.', kind)
from carrier_operations where state = 'open' and due_at < :stale
union all
select l.workspace_id, l.id, format('This %s is under way, but nothing is left to be done at the carrier for it.', l.purpose)
from live l
join messages m on m.workspace_id = l.workspace_id and m.id = l.id
where not exists (
    select 1 from carrier_operations o
    where o.workspace_id = l.workspace_id and o.resource_id = l.id and o.state = 'open'
)
