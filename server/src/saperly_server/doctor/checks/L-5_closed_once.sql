-- An open hold has no closing entry; a closed one has exactly one, of its own kind, and no entry after it.
select h.workspace_id, h.id as row_id,
       format('This %s hold has %s closing entries%s.', h.state, count(e.id) filter (where e.entry_type <> 'reserve'),
              case when count(e.id) filter (where e.entry_type <> 'reserve') = 1 then ', of the wrong kind or not the last'
                   else '' end) as sentence
from holds h
left join ledger_entries e on e.workspace_id = h.workspace_id and e.hold_id = h.id
group by h.workspace_id, h.id, h.state
having count(e.id) filter (where e.entry_type <> 'reserve') <> (h.state <> 'open')::int
    or h.state = 'settled' and count(*) filter (where e.entry_type = 'settle') <> 1
    or h.state = 'released' and count(*) filter (where e.entry_type = 'release') <> 1
    or max(e.seq) filter (where e.entry_type <> 'reserve') < max(e.seq)
