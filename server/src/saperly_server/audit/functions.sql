-- The audit trail's hash chain. One chain for each workspace; each row's hash covers the previous hash and every column.

create or replace function audit_content(r audit_events) returns bytea language sql stable as $$
    select convert_to(
        jsonb_build_array(r.seq, r.id, r.environment, r.event_type, r.target_type, r.target_id, r.actor, r.data,
                          extract(epoch from r.created_at))::text, 'UTF8')
$$;

-- Appends rows, whose `seq` and `hash` are given here: those of one workspace in the order of the array.
create or replace function audit_append_all(p_rows audit_events[]) returns void language plpgsql as $$
declare
    v_rows audit_events[] := array(select p_rows[u.ordinality] from unnest(p_rows) with ordinality u
                                   order by u.workspace_id, u.ordinality);
    v_row audit_events;
    v_head audit_heads;
begin
    for place in 1 .. cardinality(v_rows) loop
        v_row := v_rows[place];
        if v_row.workspace_id is distinct from v_head.workspace_id then
            update audit_heads set seq = v_head.seq, hash = v_head.hash where workspace_id = v_head.workspace_id;
            -- The head's row lock orders the appends of one workspace.
            select * into strict v_head from audit_heads where workspace_id = v_row.workspace_id for update;
        end if;
        v_head.seq := v_head.seq + 1;
        v_row.seq := v_head.seq;
        v_head.hash := sha256(v_head.hash || audit_content(v_row));
        v_row.hash := v_head.hash;
        v_rows[place] := v_row;
    end loop;
    update audit_heads set seq = v_head.seq, hash = v_head.hash where workspace_id = v_head.workspace_id;
    insert into audit_events select * from unnest(v_rows);
end $$;

create or replace function audit_append(
    p_workspace_id text, p_environment text, p_id text, p_event_type text, p_target_type text, p_target_id text,
    p_actor text, p_data jsonb, p_now timestamptz
) returns void language plpgsql as $$
begin
    perform audit_append_all(array[row(p_workspace_id, null, p_id, p_environment, p_event_type, p_target_type,
                                       p_target_id, p_actor, p_data, p_now, null)::audit_events]);
end $$;
