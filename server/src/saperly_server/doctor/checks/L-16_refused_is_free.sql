-- What the gate refused holds no money and moved none.
select t.workspace_id, t.target_id as row_id,
       format('This was refused (%s), but there is a hold of %s for it.', t.data->>'tag', h.amount_cents) as sentence
from audit_events t
join holds h on h.workspace_id = t.workspace_id and h.resource_id = t.target_id
where t.event_type = 'gate.refused'
union all
select t.workspace_id, t.target_id, format('This was refused (%s), but money moved for it: %s.', t.data->>'tag', e.id)
from audit_events t
join ledger_entries e on e.workspace_id = t.workspace_id and e.resource_id = t.target_id
where t.event_type = 'gate.refused'
