"""The reference that travels with an operation to the carrier and comes back on its events."""

from __future__ import annotations

from saperly_server.core.db import Tenant


def ref_of(tenant: Tenant, resource_id: str) -> str:
    """`<workspace>/<environment>/<resource>`."""
    return f"{tenant.workspace_id}/{tenant.environment}/{resource_id}"


def parse_ref(ref: str | None) -> tuple[Tenant, str] | None:
    """The tenant and resource of a reference; None for one that is not ours."""
    parts = (ref or "").split("/")
    if len(parts) != 3:
        return None
    return Tenant(parts[0], parts[1]), parts[2]
