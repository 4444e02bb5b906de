-- A request that was begun can be finished: what it made exists, and is decided or being worked on.
with made as (
    select workspace_id, id, handed_off_at is not null or status = 'failed' as decided from messages
    union all
    select workspace_id, id, carrier_call_id is not null or status in ('failed', 'initiated') from calls
    union all
    select workspace_id, id, state <> 'reserved' or carrier_order_id is not null from numbers
)
select r.workspace_id, r.route || ' ' || r.idempotency_key as row_id,
       case when m.id is null then format('This request made %s, which does not exist.', r.resource_id)
            else format('This request made %s, for which nobody will ever have an answer.', r.resource_id) end as sentence
from idempotency_records r
left join made m on m.workspace_id = r.workspace_id and m.id = r.resource_id
where r.state = 'in_progress' and r.resource_id is not null and r.lease_until < :stale
  and (m.id is null or not m.decided and not exists (
      select 1 from carrier_operations o
      where o.workspace_id = r.workspace_id and o.resource_id = r.resource_id and o.state = 'open'))
