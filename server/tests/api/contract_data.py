"""What `contract/` promises, read once."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

CONTRACT = Path(__file__).parents[3] / "contract"


@dataclass(frozen=True, slots=True)
class PromisedOperation:
    """One line of `contract/operations.json`; `scopes` is None for an operation without a key, empty for any key."""

    name: str
    method: str
    path: str
    query: str
    scopes: list[str] | None
    success: int
    errors: frozenset[str]
    body: dict[str, Any] | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def example_path(self) -> str:
        """An address of this operation, with ids that name nothing."""
        return self.path.replace("{id}", "unknown_1") + (f"?{self.query}" if self.query else "")


@cache
def promised_operations() -> list[PromisedOperation]:
    data = json.loads((CONTRACT / "operations.json").read_text("utf-8"))
    groups: dict[str, list[str]] = data["errorGroups"]
    return [
        PromisedOperation(
            one["operation"],
            one["method"],
            one["path"],
            one.get("query", ""),
            one["scopes"],
            one["success"],
            frozenset(one["errors"]).union(*(groups[group] for group in one["errorGroups"])),
            one.get("body"),
        )
        for one in data["operations"]
    ]


@cache
def promised_errors() -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CONTRACT / "errors.json").read_text("utf-8"))
    return found
