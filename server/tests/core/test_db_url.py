"""Which forms of a database's URL are understood."""

from __future__ import annotations

import pytest
from saperly_server.core.db import create_engine
from sqlalchemy import text


@pytest.mark.parametrize(
    "written",
    [
        lambda dsn: dsn,
        lambda dsn: dsn.replace("postgresql://", "postgres://"),
        lambda dsn: f"{dsn}&sslmode=prefer",
        lambda dsn: f"{dsn}&application_name=saperly",
    ],
    ids=["plain", "short scheme", "libpq's sslmode", "a parameter of the session"],
)
async def test_a_url_as_libpq_takes_it_is_understood(dsn: str, written: object) -> None:
    assert callable(written)
    engine = create_engine(written(dsn), pool_size=1)
    try:
        async with engine.connect() as conn:
            assert (await conn.execute(text("select 1"))).scalar() == 1
    finally:
        await engine.dispose()
