-- A call is charged for at least the seconds that the carrier measured, whatever a client reported of it.
with measured as (
    select distinct on (workspace_id, call_id) workspace_id, call_id,
           coalesce(ceil(extract(epoch from (input->>'at')::timestamptz - (input->>'answered_at')::timestamptz)),
                    (input->>'duration_sec')::numeric) as seconds
    from call_inputs where input->>'kind' = 'carrier_ended'
    order by workspace_id, call_id, seq
)
select c.workspace_id, c.id as row_id,
       format('The carrier measured %s s of this call; %s s are charged, %s s were reported by the client.', m.seconds,
              c.duration_sec, coalesce(c.reported_duration_sec::text, 'no')) as sentence
from calls c
join measured m on m.workspace_id = c.workspace_id and m.call_id = c.id
where c.status = 'completed' and c.duration_sec < m.seconds
