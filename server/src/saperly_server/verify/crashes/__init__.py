"""Real processes, really killed: servers by kill -9 at every instant of a request, the database by an immediate stop."""

from .outages import DATABASE_CRASHES
from .proof import CRASHES, LOST_COMMITS

__all__ = ["CRASHES", "DATABASE_CRASHES", "LOST_COMMITS"]
