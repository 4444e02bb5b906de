-- A key below a revoked one is revoked, and a revoked key was let through the gate by nobody afterwards.
select k.workspace_id, k.id as row_id, format('This key is alive below the revoked key %s.', a.id) as sentence
from api_keys k
join api_keys a on a.workspace_id = k.workspace_id and a.id = any(k.path) and a.id <> k.id
where k.revoked_at is null and a.revoked_at is not null
union all
select t.workspace_id, t.target_id, format('The key %s let this through after it had been revoked.', k.id)
from api_keys k
join audit_events dead on dead.workspace_id = k.workspace_id and dead.target_id = k.id and dead.event_type = 'key.revoked'
join audit_events t on t.workspace_id = k.workspace_id and t.seq > dead.seq and t.actor = 'key:' || k.id
                   and t.event_type in ('message.accepted', 'call.accepted', 'number.accepted')
