-- What counts against a key is the sum of its own holds and its descendants', in the month in which they were made; and it
-- is within the key's cap.
with counted as (
    select k.workspace_id, k.id as key_id, ledger_period(k.limit_reset, h.month) as period,
           sum(h.amount_cents) filter (where h.state = 'open') as held, sum(h.settled_cents) as settled
    from holds h
    join api_keys spender on spender.workspace_id = h.workspace_id and spender.id = h.key_id
    join api_keys k on k.workspace_id = h.workspace_id and k.id = any(spender.path)
    group by 1, 2, 3
)
select coalesce(s.workspace_id, c.workspace_id) as workspace_id, coalesce(s.key_id, c.key_id) as row_id,
       format('In %s this key counts %s held and %s settled; its holds and its descendants'' sum to %s and %s.',
              coalesce(s.period, c.period), coalesce(s.held_cents, 0), coalesce(s.settled_cents, 0), coalesce(c.held, 0),
              coalesce(c.settled, 0)) as sentence
from key_spend s
full join counted c using (workspace_id, key_id, period)
where coalesce(s.held_cents, 0) <> coalesce(c.held, 0) or coalesce(s.settled_cents, 0) <> coalesce(c.settled, 0)
union all
select k.workspace_id, k.id,
       format('In %s this key has spent or holds %s of at most %s.', c.period, coalesce(c.held, 0) + c.settled, k.limit_cents)
from counted c
join api_keys k on k.workspace_id = c.workspace_id and k.id = c.key_id
where coalesce(c.held, 0) + c.settled > k.limit_cents
union all
select h.workspace_id, h.id, format('This hold is made in the name of the key %s, which does not exist.', h.key_id)
from holds h
left join api_keys k on k.workspace_id = h.workspace_id and k.id = h.key_id
where h.key_id is not null and k.id is null
