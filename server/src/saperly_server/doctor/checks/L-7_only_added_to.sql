-- Entries are numbered without a gap, each says what the balance was after it, and each is as the audit trail recorded it.
with folded as (
    select e.*, lag(seq, 1, 0::bigint) over w as seq_before,
           sum(available_delta) over w as available, sum(held_delta) over w as held
    from ledger_entries e
    window w as (partition by workspace_id, environment order by seq)
)
select workspace_id, id as row_id,
       case when seq <> seq_before + 1 then format('Entry %s follows entry %s: there are entries missing.', seq, seq_before)
            else format('After this entry the balance was available %s and held %s; it says %s and %s.', available, held,
                        available_after, held_after) end as sentence
from folded
where seq <> seq_before + 1 or available <> available_after or held <> held_after
union all
select a.workspace_id, a.environment,
       format('The %s account has seen %s entries; the last one kept is entry %s.', a.environment, a.seq,
              coalesce(max(e.seq), 0))
from accounts a
left join ledger_entries e using (workspace_id, environment)
group by a.workspace_id, a.environment, a.seq
having a.seq <> coalesce(max(e.seq), 0)
union all
select e.workspace_id, e.id, 'This entry is not what the audit trail says it was.'
from ledger_entries e
left join audit_events t on t.workspace_id = e.workspace_id and t.target_id = e.id and t.target_type = 'ledger_entry'
where t.id is null or t.event_type <> 'ledger.' || e.entry_type
   or t.data <> jsonb_build_object('available', e.available_delta, 'held', e.held_delta, 'contra', e.contra_delta,
                                   'account', e.contra_account, 'cause', e.cause)
