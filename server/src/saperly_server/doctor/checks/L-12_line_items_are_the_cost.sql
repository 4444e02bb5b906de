-- What a call or text costs is what its line items sum to: nothing while it is under way, its shown cost afterwards.
with shown as (
    select workspace_id, id, 'call' as kind, coalesce(cost_cents, 0) as cents from calls
    union all
    select workspace_id, id, 'text', coalesce(cost_cents, 0) from messages
), items as (
    select workspace_id, resource_id, -sum(available_delta + held_delta) as cents
    from ledger_entries where hold_id is not null group by workspace_id, resource_id
)
select s.workspace_id, s.id as row_id,
       format('This %s is shown with a cost of %s; its line items sum to %s.', s.kind, s.cents, coalesce(i.cents, 0)) as sentence
from shown s
left join items i on i.workspace_id = s.workspace_id and i.resource_id = s.id
where s.cents <> coalesce(i.cents, 0)
