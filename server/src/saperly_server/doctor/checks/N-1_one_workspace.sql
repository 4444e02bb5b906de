-- A phone number is in use once in the whole deployment, and the carrier's name for an active one is known.
select workspace_id, id as row_id, format('%s is in use %s times.', e164, uses) as sentence
from (select n.*, count(*) over (partition by e164) as uses from numbers n
      where state in ('reserved', 'active', 'releasing')) used
where uses > 1
union all
select workspace_id, id, format('%s is %s, but the carrier does not know it by any name.', e164, state)
from numbers
where state in ('active', 'releasing') and (carrier_number_id is null or provisioned_at is null)
