"""Many checks as one statement, over one workspace: for whoever examines after every single step."""

from __future__ import annotations

import re
from collections.abc import Mapping

from saperly_server.tables import metadata

_ROWS = "{table} as materialized (select * from {table} where workspace_id = {workspace})"
_FOUND = "select '{invariant}' as invariant, found.row_id, found.sentence from (\n{check}\n) found"


def combined(checks: Mapping[str, str], workspace: str, stale: str) -> str:
    """A select of `invariant, row_id, sentence` that runs all `checks` on the rows of one workspace.

    `workspace` and `stale` are SQL expressions: placeholders, or names of a function's parameters. Every table the checks
    read is read once, and only that workspace's rows of it.
    """
    text = "\nunion all\n".join(_labelled(invariant, check) for invariant, check in checks.items())
    tables = [name for name in sorted(metadata.tables) if re.search(rf"\b{name}\b", text)]
    rows = ",\n".join(_ROWS.format(table=name, workspace=workspace) for name in tables)
    return f"with {rows}\n{text}".replace(":stale", stale)


def _labelled(invariant: str, check: str) -> str:
    return _FOUND.format(invariant=invariant, check=check)
