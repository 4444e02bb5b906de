-- A key lies below its parent and can do nothing that its parent cannot.
select k.workspace_id, k.id as row_id,
       case when p.id is null then format('The parent %s of this key does not exist.', k.path[cardinality(k.path) - 1])
            else format('This key can do more than its parent %s, or is not below it.', p.id) end as sentence
from api_keys k
left join api_keys p on p.workspace_id = k.workspace_id and p.id = k.path[cardinality(k.path) - 1]
where cardinality(k.path) > 1
  and (p.id is null
       or k.environment <> p.environment
       or trim_array(k.path, 1) <> p.path
       or not k.scopes <@ p.scopes
       or p.numbers is not null and (k.numbers is null or not k.numbers <@ p.numbers)
       or p.limit_cents is not null and (k.limit_cents is null or k.limit_cents > p.limit_cents
                                         or p.limit_reset is null and k.limit_reset is not null)
       or p.expires_at is not null and (k.expires_at is null or k.expires_at > p.expires_at))
union all
select workspace_id, id, 'The path of this key does not lead to it.'
from api_keys
where path[cardinality(path)] is distinct from id
