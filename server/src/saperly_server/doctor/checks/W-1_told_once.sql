-- Each call that ended told so in exactly one event; one that was turned away for its balance, and a live one, in none.
select c.workspace_id, c.id as row_id, format('This %s call told of its end %s times.', c.status, count(e.id)) as sentence
from calls c
left join events e on e.workspace_id = c.workspace_id and e.payload->>'callId' = c.id
                  and e.event_type in ('call.completed', 'call.failed')
group by c.workspace_id, c.id, c.status
having count(e.id) <> (c.status in ('completed', 'no_answer', 'failed'))::int
