-- A key lies below its parent and can do nothing that its parent cannot: its own grant and its ancestors' together are
-- compared with its parent's and that one's ancestors', and what it spent is counted with its parent, too.
with might as (
    select k.workspace_id, k.id, k.environment, k.path, all_of.ends,
           array(select word from api_keys a, unnest(a.scopes) word
                 where a.workspace_id = k.workspace_id and a.id = any(k.path)
                 group by word having count(*) = cardinality(k.path)) as scopes,
           case when all_of.lists > 0 then array(
                select listed from api_keys a, unnest(a.numbers) listed
                where a.workspace_id = k.workspace_id and a.id = any(k.path)
                group by listed having count(*) = all_of.lists) end as numbers
    from api_keys k
    cross join lateral (
        select min(a.expires_at) as ends, count(a.numbers) as lists
        from api_keys a where a.workspace_id = k.workspace_id and a.id = any(k.path)
    ) all_of
)
select k.workspace_id, k.id as row_id,
       case when p.id is null then format('The parent %s of this key does not exist.', k.path[cardinality(k.path) - 1])
            else format('This key can do more than its parent %s, or is not below it.', p.id) end as sentence
from might k
left join might p on p.workspace_id = k.workspace_id and p.id = k.path[cardinality(k.path) - 1]
where cardinality(k.path) > 1
  and (p.id is null
       or k.environment <> p.environment
       or trim_array(k.path, 1) <> p.path
       or not k.scopes <@ p.scopes
       or p.numbers is not null and (k.numbers is null or not k.numbers <@ p.numbers)
       or p.ends is not null and (k.ends is null or k.ends > p.ends))
union all
select workspace_id, id, 'The path of this key does not lead to it.'
from api_keys
where path[cardinality(path)] is distinct from id
union all
select k.workspace_id, k.id,
       format('In %s this key counts %s, and its parent %s only %s: more is left to it than to its parent.', s.period,
              s.held_cents + s.settled_cents, p.id, coalesce(above.held_cents + above.settled_cents, 0))
from key_spend s
join api_keys k on k.workspace_id = s.workspace_id and k.id = s.key_id
join api_keys p on p.workspace_id = k.workspace_id and p.id = k.path[cardinality(k.path) - 1]
left join key_spend above on above.workspace_id = p.workspace_id and above.key_id = p.id and above.period = s.period
where p.limit_reset is not distinct from k.limit_reset
  and s.held_cents + s.settled_cents > coalesce(above.held_cents + above.settled_cents, 0)
