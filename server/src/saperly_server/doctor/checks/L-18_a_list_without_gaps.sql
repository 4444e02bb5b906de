-- The list of an account's entries can be walked page by page: numbers from 1 to the last, and one id for each.
select workspace_id, environment as row_id,
       format('The %s account has %s entries with %s ids, numbered from %s to %s.', environment, count(*),
              count(distinct id), min(seq), max(seq)) as sentence
from ledger_entries
group by workspace_id, environment
having min(seq) <> 1 or max(seq) <> count(*) or count(distinct id) <> count(*)
