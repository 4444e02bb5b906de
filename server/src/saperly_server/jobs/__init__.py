"""Work without a request: due carrier operations and events, leases, orphaned calls, rent, tidying up. See README.md."""

from .worker import Worker, beats

__all__ = ["Worker", "beats"]
