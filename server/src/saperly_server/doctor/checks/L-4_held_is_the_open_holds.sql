-- What is held is the sum of the open holds.
select a.workspace_id, a.environment as row_id,
       format('The %s account says that %s are held; its open holds sum to %s.', a.environment, a.held_cents,
              coalesce(h.cents, 0)) as sentence
from accounts a
left join (
    select workspace_id, environment, sum(amount_cents) as cents
    from holds where state = 'open' group by workspace_id, environment
) h using (workspace_id, environment)
where a.held_cents <> coalesce(h.cents, 0)
