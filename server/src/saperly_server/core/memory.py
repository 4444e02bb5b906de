"""Keeping the garbage collector out of live calls.

Python frees nearly everything at once; its collector only looks for circles. A full search looks at every object there is:
with thousands of live calls it holds all of them up for longer than a caller would notice a pause. So what has lived for a
moment is taken out of the search, and everything is searched when nobody is on the line, or at long last anyway.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

_EVERY_SEC = 1.0
_QUIET_EVERY_SEC = 60.0
_AT_LAST_SEC = 1800.0


@asynccontextmanager
async def calm_collector(is_quiet: Callable[[], bool]) -> AsyncIterator[None]:
    """Within this the collector stops the process for moments only, unless `is_quiet()`."""
    task = asyncio.create_task(_keep_calm(is_quiet))
    try:
        yield
    finally:
        task.cancel()
        gc.unfreeze()


async def _keep_calm(is_quiet: Callable[[], bool]) -> None:
    searched = time.monotonic()
    while True:
        spent = time.monotonic() - searched
        if spent >= (_QUIET_EVERY_SEC if is_quiet() else _AT_LAST_SEC):
            gc.unfreeze()
            gc.collect()
            searched = time.monotonic()
        gc.freeze()
        await asyncio.sleep(_EVERY_SEC)
