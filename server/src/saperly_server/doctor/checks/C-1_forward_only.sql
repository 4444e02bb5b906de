-- A live call has no end and no price; an ended one has both, and nobody holds it.
select workspace_id, id as row_id,
       format('This call is %s, ended %s, lasted %s s, cost %s, and is held by %s.', status, coalesce(ended_at::text, 'never'),
              coalesce(duration_sec::text, 'no'), coalesce(cost_cents::text, 'nothing'), coalesce(owner, 'nobody')) as sentence
from calls
where case when status = 'initiated'
           then ended_at is not null or cost_cents is not null or duration_sec is not null or owner is null
           else ended_at is null or cost_cents is null or duration_sec is null or owner is not null end
   or status in ('no_answer', 'failed', 'rejected') and (duration_sec <> 0 or cost_cents <> 0)
   or status = 'completed' and hold_id is null
   or ended_at < answered_at
