-- May this number contact this peer? One function answers the gate and `GET /consent/check`, so that what is reported and
-- what is enforced cannot differ. 'opted_out' when the peer is suppressed or the last record was revoked, 'none' without
-- any record, else the type of the active consent.

create or replace function compliance_state(
    p_workspace_id text, p_environment text, p_number_id text, p_peer text
) returns text language plpgsql stable as $$
declare
    v_type text;
begin
    if exists (select 1 from suppressions
               where workspace_id = p_workspace_id and environment = p_environment and peer_number = p_peer
                 and lifted_at is null) then
        return 'opted_out';
    end if;
    select consent_type into v_type from consents
        where workspace_id = p_workspace_id and number_id = p_number_id and peer_number = p_peer
          and revoked_at is null;
    if found then return v_type; end if;
    if exists (select 1 from consents
               where workspace_id = p_workspace_id and number_id = p_number_id and peer_number = p_peer) then
        return 'opted_out';
    end if;
    return 'none';
end $$;
