"""Identity: workspaces, members, API keys and their grants. See README.md."""

from .authentication import KeyRing
from .contracts import ApiKey, Caller, Grant, Member, MintedKey, SpendLimit, StoppedWorkspace, Workspace
from .errors import AuthorizationDenied, Unauthorized
from .keys import list_keys, mint_child, mint_root, revoke, root_keys
from .scopes import ALL, COARSE, ROLES, Scope, expand, summarise
from .workspaces import (
    WorkspaceLimits,
    add_member,
    create_workspace,
    first_workspace,
    list_members,
    resume_spending,
    stop_spending,
    stopped_workspaces,
    workspace_ids,
    workspace_of,
)

__all__ = [
    "ALL",
    "COARSE",
    "ROLES",
    "ApiKey",
    "AuthorizationDenied",
    "Caller",
    "Grant",
    "KeyRing",
    "Member",
    "MintedKey",
    "Scope",
    "SpendLimit",
    "StoppedWorkspace",
    "Unauthorized",
    "Workspace",
    "WorkspaceLimits",
    "add_member",
    "create_workspace",
    "expand",
    "first_workspace",
    "list_keys",
    "list_members",
    "mint_child",
    "mint_root",
    "resume_spending",
    "revoke",
    "root_keys",
    "stop_spending",
    "stopped_workspaces",
    "summarise",
    "workspace_ids",
    "workspace_of",
]
