-- A balance is the sum of its entries.
select a.workspace_id, a.environment as row_id,
       format('The %s account says available %s and held %s; its entries sum to %s and %s.', a.environment,
              a.available_cents, a.held_cents, coalesce(e.available, 0), coalesce(e.held, 0)) as sentence
from accounts a
left join (
    select workspace_id, environment, sum(available_delta) as available, sum(held_delta) as held
    from ledger_entries group by workspace_id, environment
) e using (workspace_id, environment)
where a.available_cents <> coalesce(e.available, 0) or a.held_cents <> coalesce(e.held, 0)
union all
select e.workspace_id, e.environment, format('There are %s entries without an account.', e.environment)
from ledger_entries e
left join accounts a using (workspace_id, environment)
where a.workspace_id is null
group by e.workspace_id, e.environment
