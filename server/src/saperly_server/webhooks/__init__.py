"""Events: what happened, recorded in the transaction in which it happened. See README.md."""

from .contracts import Event
from .operations import emit
from .queries import events_after, latest_seq

__all__ = ["Event", "emit", "events_after", "latest_seq"]
