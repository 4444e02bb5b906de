-- A workspace holds at most as many numbers as it may, in each environment.
select w.workspace_id, n.environment as row_id,
       format('%s %s numbers are in use; %s are allowed.', count(*), n.environment, w.number_quota) as sentence
from workspaces w
join numbers n using (workspace_id)
where n.state in ('reserved', 'active', 'releasing')
group by w.workspace_id, n.environment, w.number_quota
having count(*) > w.number_quota
