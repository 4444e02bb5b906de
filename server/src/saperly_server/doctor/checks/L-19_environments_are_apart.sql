-- Live and test money, keys and resources never meet.
with resources as (
    select workspace_id, id, environment, hold_id, key_id from calls
    union all
    select workspace_id, id, environment, hold_id, key_id from messages
    union all
    select workspace_id, id, environment, hold_id, key_id from numbers
)
select r.workspace_id, r.id as row_id, format('This is %s, and its hold %s is %s.', r.environment, h.id, h.environment) as sentence
from resources r
join holds h on h.workspace_id = r.workspace_id and h.id = r.hold_id
where h.environment <> r.environment
union all
select r.workspace_id, r.id, format('This is %s, and the key that made it is %s.', r.environment, k.environment)
from resources r
join api_keys k on k.workspace_id = r.workspace_id and k.id = r.key_id
where k.environment <> r.environment
union all
select e.workspace_id, e.id, format('This is a %s entry of the %s hold %s.', e.environment, h.environment, h.id)
from ledger_entries e
join holds h on h.workspace_id = e.workspace_id and h.id = e.hold_id
where h.environment <> e.environment
