-- Finding the callers behind many keys at once. One answer each: null for an unknown key, or its chain from the root key
-- down. A key's last use is noted at most once a minute.

create or replace function identity_chains(p_hashes jsonb, p_now timestamptz) returns jsonb language plpgsql as $$
declare
    v_answers jsonb;
begin
    with asked as (
        select decode(value #>> '{}', 'hex') as hash, ordinality as place
        from jsonb_array_elements(p_hashes) with ordinality
    )
    select jsonb_agg(case when own.id is not null then (
               select jsonb_agg(jsonb_build_object(
                   'workspaceId', k.workspace_id, 'environment', k.environment, 'id', k.id, 'path', k.path,
                   'scopes', k.scopes, 'numbers', k.numbers, 'limitCents', k.limit_cents, 'limitReset', k.limit_reset,
                   'expiresAt', k.expires_at, 'dead', k.revoked_at is not null or coalesce(k.expires_at <= p_now, false)
               ) order by cardinality(k.path))
               from api_keys k where k.workspace_id = own.workspace_id and k.id = any(own.path)) end
           order by asked.place)
        into v_answers
        from asked left join api_keys own on own.hash = asked.hash;
    -- A key that somebody else is changing at this moment is not waited for.
    update api_keys k set last_used_at = p_now
        from (select workspace_id, id from api_keys
              where hash in (select decode(value #>> '{}', 'hex') from jsonb_array_elements(p_hashes))
                and (last_used_at is null or last_used_at < p_now - interval '1 minute')
                and revoked_at is null
              for update skip locked) used
        where k.workspace_id = used.workspace_id and k.id = used.id;
    return v_answers;
end $$;
