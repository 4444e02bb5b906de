-- Consent and suppression are what the audit trail says: each row began with a line of it, and is closed if and only if a
-- later line closed it.
with trail as (
    select workspace_id, target_id,
           bool_or(event_type in ('consent.granted', 'suppression.added')) as begun,
           bool_or(event_type in ('consent.revoked', 'suppression.lifted')) as closed
    from audit_events where target_type in ('consent', 'suppression') group by workspace_id, target_id
), state as (
    select workspace_id, id, 'consent' as kind, revoked_at is not null as closed from consents
    union all
    select workspace_id, id, 'suppression', lifted_at is not null from suppressions
)
select coalesce(s.workspace_id, t.workspace_id) as workspace_id, coalesce(s.id, t.target_id) as row_id,
       case when s.id is null then 'The audit trail tells of this opt-in or opt-out, but there is no such row.'
            when t.begun is not true then format('The audit trail does not tell where this %s comes from.', s.kind)
            else format('This %s is %s, the audit trail says otherwise.', s.kind,
                        case when s.closed then 'closed' else 'active' end) end as sentence
from state s
full join trail t on t.workspace_id = s.workspace_id and t.target_id = s.id
where s.id is null or t.begun is not true or s.closed <> t.closed
