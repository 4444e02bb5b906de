-- A number that was given back has an instant at which it was, and nothing was done with it since.
select workspace_id, id as row_id,
       format('This number is %s and was released %s.', state, coalesce(released_at::text, 'never')) as sentence
from numbers
where (state in ('releasing', 'released')) <> (released_at is not null)
   or released_at is not null and connection_id is not null
union all
select t.workspace_id, t.target_id, format('The number %s was used for this after it had been released.', n.id)
from numbers n
join audit_events gone on gone.workspace_id = n.workspace_id and gone.target_id = n.id
                      and gone.event_type = 'number.released'
join audit_events t on t.workspace_id = n.workspace_id and t.seq > gone.seq and t.data->>'numberId' = n.id
                   and t.event_type in ('message.accepted', 'call.accepted')
