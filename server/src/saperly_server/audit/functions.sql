-- The audit trail's hash chain. One chain for each workspace; each row's hash covers the previous hash and every column.

create or replace function audit_row_hash(
    p_previous bytea, p_seq bigint, p_id text, p_environment text, p_event_type text, p_target_type text,
    p_target_id text, p_actor text, p_data jsonb, p_created_at timestamptz
) returns bytea language sql immutable parallel safe as $$
    select sha256(p_previous || convert_to(
        jsonb_build_array(p_seq, p_id, p_environment, p_event_type, p_target_type, p_target_id, p_actor, p_data,
                          extract(epoch from p_created_at))::text, 'UTF8'))
$$;

create or replace function audit_append(
    p_workspace_id text, p_environment text, p_id text, p_event_type text, p_target_type text, p_target_id text,
    p_actor text, p_data jsonb, p_now timestamptz
) returns bigint language plpgsql as $$
declare
    v_seq bigint;
    v_hash bytea;
begin
    -- The head's row lock orders the appends of one workspace.
    select seq + 1, hash into v_seq, v_hash from audit_heads where workspace_id = p_workspace_id for update;
    v_hash := audit_row_hash(v_hash, v_seq, p_id, p_environment, p_event_type, p_target_type, p_target_id, p_actor,
                             p_data, p_now);
    insert into audit_events (workspace_id, seq, id, environment, event_type, target_type, target_id, actor, data,
                              created_at, hash)
        values (p_workspace_id, v_seq, p_id, p_environment, p_event_type, p_target_type, p_target_id, p_actor,
                p_data, p_now, v_hash);
    update audit_heads set seq = v_seq, hash = v_hash where workspace_id = p_workspace_id;
    return v_seq;
end $$;
