-- At most the segments that were held for are charged; the platform's own texts and inbound ones cost nothing.
select m.workspace_id, m.id as row_id,
       format('This %s text of %s segments cost %s; %s were held.', m.purpose, m.segments, coalesce(m.cost_cents, 0),
              coalesce(h.amount_cents, 0)) as sentence
from messages m
left join holds h on h.workspace_id = m.workspace_id and h.id = m.hold_id
where coalesce(m.cost_cents, 0) > coalesce(h.amount_cents, 0)
   or m.segments < 1
   or (m.purpose <> 'customer' or m.direction = 'inbound') and m.hold_id is not null
   or m.purpose = 'customer' and m.direction = 'outbound' and m.hold_id is null
