-- Neither part of a balance is or ever was below zero.
select workspace_id, environment as row_id,
       format('The %s account is below zero: available %s, held %s.', environment, available_cents, held_cents) as sentence
from accounts
where available_cents < 0 or held_cents < 0
union all
select workspace_id, id,
       format('After this %s the account was below zero: available %s, held %s.', entry_type, available_after, held_after)
from ledger_entries
where available_after < 0 or held_after < 0
