"""Who may do what in the database: two roles, row-level security on every tenant table, append-only trails."""

from __future__ import annotations

from saperly_server.core.db import APP_ROLE, SYSTEM_ROLE
from saperly_server.tables import metadata

APPEND_ONLY = ("audit_events", "ledger_entries", "events", "call_inputs")
"""Tables whose rows are never changed or removed, by any role."""

SYSTEM_TABLES = ("call_owners", "carrier_events")
"""Tables without a workspace: only the system role sees them."""


def tenant_tables() -> list[str]:
    return sorted(name for name in metadata.tables if name not in SYSTEM_TABLES)


_ROLES = """
do $$ begin
    create role {role} nologin;
exception when duplicate_object or unique_violation then null;
end $$;
grant {role} to current_user;
grant usage on schema public to {role};
"""

_TENANT = """
alter table {table} enable row level security;
drop policy if exists tenant on {table};
create policy tenant on {table} to {app}
    using (workspace_id = current_setting('saperly.workspace_id', true));
drop policy if exists everything on {table};
create policy everything on {table} to {system} using (true);
grant select, insert{change} on {table} to {app};
grant select, insert{change}{remove} on {table} to {system};
"""

_APPEND_ONLY = """
create or replace function refuse_change() returns trigger language plpgsql as $$
begin
    raise exception '% is append-only', tg_table_name using errcode = 'insufficient_privilege';
end $$;
"""

_REFUSE = """
drop trigger if exists append_only on {table};
create trigger append_only before update or delete or truncate on {table}
    for each statement execute function refuse_change();
"""


def _tenant_table(table: str) -> str:
    fixed = table in APPEND_ONLY
    return _TENANT.format(
        table=table,
        app=APP_ROLE,
        system=SYSTEM_ROLE,
        change="" if fixed else ", update" + (", delete" if table == "idempotency_records" else ""),
        remove="" if fixed or table == "idempotency_records" else ", delete",
    )


def access_sql() -> str:
    """The grants and policies of the current schema, safe to run again."""
    parts = [_ROLES.format(role=role) for role in (APP_ROLE, SYSTEM_ROLE)]
    parts += [_tenant_table(table) for table in tenant_tables()]
    parts += [f"grant select, insert, update, delete on {table} to {SYSTEM_ROLE};" for table in SYSTEM_TABLES]
    parts += [_APPEND_ONLY, *(_REFUSE.format(table=table) for table in APPEND_ONLY)]
    return "\n".join(parts)
