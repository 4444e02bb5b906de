-- A hold is as large as what was reserved for it; at most that is settled, and the rest is freed in the same entry.
select h.workspace_id, h.id as row_id,
       format('This hold of %s, settled with %s, has entries that reserve %s, free %s and earn %s.', h.amount_cents,
              h.settled_cents, coalesce(e.reserved, 0), coalesce(e.freed, 0), coalesce(e.earned, 0)) as sentence
from holds h
left join (
    select workspace_id, hold_id, sum(held_delta) filter (where entry_type = 'reserve') as reserved,
           -sum(held_delta) filter (where entry_type <> 'reserve') as freed, sum(contra_delta) as earned
    from ledger_entries where hold_id is not null group by workspace_id, hold_id
) e on e.workspace_id = h.workspace_id and e.hold_id = h.id
where h.settled_cents not between 0 and h.amount_cents
   or h.amount_cents <> coalesce(e.reserved, 0)
   or coalesce(e.freed, 0) <> case when h.state = 'open' then 0 else h.amount_cents end
   or h.settled_cents <> coalesce(e.earned, 0)
   or h.state <> 'settled' and h.settled_cents <> 0
