-- A number's handler is a connection of the same workspace and environment that was not deleted.
select n.workspace_id, n.id as row_id,
       format('The handler %s of this number %s.', n.connection_id, case when c.id is null then 'does not exist'
              when c.deleted_at is not null then 'was deleted' else 'is of the environment ' || c.environment end) as sentence
from numbers n
left join connections c on c.workspace_id = n.workspace_id and c.id = n.connection_id
where n.connection_id is not null
  and (c.id is null or c.deleted_at is not null or c.environment <> n.environment)
