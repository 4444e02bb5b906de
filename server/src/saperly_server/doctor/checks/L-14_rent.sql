-- Each period of 30 days that began while a number was ours is charged once; none that began after its release. The first
-- period is free for one number of an account, and in the price of the order for every other.
with rents as (
    select e.workspace_id, e.resource_id, count(*) as charged, max(split_part(e.cause, ':', 3)) as last_period
    from ledger_entries e where e.cause like 'rent:%' group by e.workspace_id, e.resource_id
), expected as (
    select n.*, extract(epoch from n.next_charge_at - n.provisioned_at) / 2592000 as periods,
           extract(epoch from n.released_at - n.provisioned_at) / 2592000 as periods_at_release,
           coalesce(r.charged, 0) as charged, r.last_period
    from numbers n
    left join rents r on r.workspace_id = n.workspace_id and r.resource_id = n.id
    where n.provisioned_at is not null
)
select workspace_id, id as row_id,
       format('The next rent is due on %s, %s periods after %s, and %s rents are charged.', next_charge_at::date,
              round(periods, 2), provisioned_at::date, charged) as sentence
from expected
where state = 'active' and (next_charge_at is null or periods <> charged + 1)
union all
select workspace_id, id,
       format('This number was released after %s periods, and %s rents are charged.', round(periods_at_release, 2), charged)
from expected
where state in ('releasing', 'released') and charged > greatest(0, floor(periods_at_release))
union all
select workspace_id, id, format('This number is %s but its rent is still due.', state)
from expected
where state <> 'active' and (next_charge_at is not null or rent_due_at is not null)
union all
select workspace_id, id, format('The rent of this number is due since %s, and nobody has asked for it.', rent_due_at)
from expected
where state = 'active' and rent_due_at < :stale
union all
select n.workspace_id, min(n.id), format('%s numbers of the %s account had their first period free.', count(*), n.environment)
from numbers n
join holds h on h.workspace_id = n.workspace_id and h.id = n.hold_id
where n.state in ('active', 'releasing', 'released') and h.amount_cents < n.monthly_price_cents + n.upfront_price_cents
group by n.workspace_id, n.environment
having count(*) > 1
