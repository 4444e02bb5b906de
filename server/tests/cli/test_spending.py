"""An operator sees whose spending is stopped, stops it, and resumes it when the books add up."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from saperly_server.cli.app import run
from saperly_server.core.db import Database

from ..customers import Customer, new_customer
from ..ledger.bank import run_as_owner


@pytest.fixture
async def customer(db: Database) -> Customer:
    return await new_customer(db)


@pytest.fixture
def saperly(dsn: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """Runs a command on the test's database; its exit code and what it printed."""
    monkeypatch.setenv("SAPERLY_DATABASE_URL", dsn)

    async def command(*words: str) -> tuple[int, str, str]:
        code = await asyncio.to_thread(run, [*words, "--data-dir", str(tmp_path)])
        told = capsys.readouterr()
        return code, told.out, told.err

    return command


async def test_a_stopped_workspace_is_listed_until_it_is_resumed(customer: Customer, saperly: Any) -> None:
    workspace = customer.tenant.workspace_id
    assert (await saperly("spending", "stop", workspace))[0] == 0
    listed = json.loads((await saperly("spending", "list"))[1])
    assert [one["workspace_id"] for one in listed] == [workspace]
    assert (await saperly("spending", "resume", workspace))[0] == 0
    assert json.loads((await saperly("spending", "list"))[1]) == []


async def test_a_workspace_that_is_not_stopped_cannot_be_resumed(customer: Customer, saperly: Any) -> None:
    workspace = customer.tenant.workspace_id
    assert (await saperly("spending", "resume", workspace))[0] == 5
    assert (await saperly("spending", "stop", "ws_none"))[0] == 5


async def test_spending_is_resumed_only_when_the_books_add_up_or_the_operator_insists(
    customer: Customer, dsn: str, saperly: Any
) -> None:
    workspace = customer.tenant.workspace_id
    await run_as_owner(dsn, "update accounts set available_cents = available_cents + 1")
    assert (await saperly("spending", "stop", workspace))[0] == 0
    code, _, told = await saperly("spending", "resume", workspace)
    assert (code, "do not add up: L-2" in told) == (1, True)
    assert (await saperly("spending", "resume", workspace, "--anyway"))[0] == 0
