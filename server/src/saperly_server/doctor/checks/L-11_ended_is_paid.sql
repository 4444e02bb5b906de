-- What has ended is paid for, or its hold was released, by how it ended; a call costs what its seconds cost.
with ended as (
    select workspace_id, id, 'call' as purpose, hold_id, status as ending,
           case status when 'completed' then 'settled' else 'released' end as expected, cost_cents as cost
    from calls where status <> 'initiated' and hold_id is not null
    union all
    select workspace_id, id, 'message', hold_id, status,
           case when handed_off_at is null then 'released' else 'settled' end, coalesce(cost_cents, 0)
    from messages where hold_id is not null and (handed_off_at is not null or status = 'failed')
    union all
    select workspace_id, id, 'number', hold_id, state, case state when 'failed' then 'released' else 'settled' end, null
    from numbers where state <> 'reserved'
)
select e.workspace_id, e.id as row_id,
       format('This %s %s cost %s, but its hold is %s with %s settled.', e.ending, e.purpose, coalesce(e.cost::text, 'its price'),
              coalesce(h.state, 'missing'), coalesce(h.settled_cents, 0)) as sentence
from ended e
left join holds h on h.workspace_id = e.workspace_id and h.id = e.hold_id
where h.state is distinct from e.expected or e.cost is not null and h.settled_cents <> e.cost
   or e.purpose = 'number' and h.state = 'settled' and h.settled_cents <> h.amount_cents
union all
select c.workspace_id, c.id,
       format('%s s of this call are charged with %s; they cost %s.', c.duration_sec, c.cost_cents,
              ceil(c.rate_micros_per_min::numeric * c.duration_sec / 60000000))
from calls c
join holds h on h.workspace_id = c.workspace_id and h.id = c.hold_id
where c.status = 'completed'
  and c.cost_cents <> least(ceil(c.rate_micros_per_min::numeric * c.duration_sec / 60000000), h.amount_cents)
