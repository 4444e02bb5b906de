-- Nothing was let through to a peer between their opt-out and the end of it, by the order of the audit trail; nothing that
-- waited was handed off well after the opt-out either.
with spans as (
    select s.workspace_id, s.environment, s.peer_number, s.id, s.created_at, s.lifted_at, added.seq as since,
           coalesce(lifted.seq, 9223372036854775807) as until
    from suppressions s
    join audit_events added on added.workspace_id = s.workspace_id and added.target_id = s.id
                           and added.event_type = 'suppression.added'
    left join audit_events lifted on lifted.workspace_id = s.workspace_id and lifted.target_id = s.id
                                 and lifted.event_type = 'suppression.lifted'
)
select t.workspace_id, t.target_id as row_id,
       format('This was let through to %s, who had opted out (%s).', s.peer_number, s.id) as sentence
from spans s
join audit_events t on t.workspace_id = s.workspace_id and t.environment = s.environment
                   and t.event_type in ('message.accepted', 'call.accepted') and t.data->>'to' = s.peer_number
                   and t.seq > s.since and t.seq < s.until
union all
select m.workspace_id, m.id, format('This message was sent to %s, who had opted out (%s).', s.peer_number, s.id)
from spans s
join messages m on m.workspace_id = s.workspace_id and m.environment = s.environment and m.to_number = s.peer_number
where m.direction = 'outbound' and m.purpose = 'customer'
  and m.handed_off_at > s.created_at + interval '1 minute' and (s.lifted_at is null or m.handed_off_at < s.lifted_at)
