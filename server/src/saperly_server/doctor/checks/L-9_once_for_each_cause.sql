-- Each cause moved money once, each resource has one hold, and each hold was reserved before anything else.
select workspace_id, min(id) as row_id, format('The cause %s moved money %s times.', cause, count(*)) as sentence
from ledger_entries
group by workspace_id, environment, cause
having count(*) > 1
union all
select workspace_id, min(id), format('There are %s holds for %s.', count(*), resource_id)
from holds
group by workspace_id, resource_id
having count(*) > 1
union all
select e.workspace_id, e.id, format('This %s names the hold %s, which does not exist.', e.entry_type, e.hold_id)
from ledger_entries e
left join holds h on h.workspace_id = e.workspace_id and h.id = e.hold_id
where e.hold_id is not null and h.id is null
   or e.hold_id is null and e.entry_type in ('reserve', 'settle', 'release')
