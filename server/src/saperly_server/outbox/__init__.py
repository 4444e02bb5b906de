"""What goes to the carriers and comes from them, written down before it is acted on. See README.md."""

from .events import StoredEvent, claim_events, event_applied, event_failed, kept_form, store_event
from .handoff import Unresolved, carry_out, wait_at_most
from .operations import Operation, claim_due, find, finish, postpone, request
from .refs import parse_ref, ref_of

__all__ = [
    "Operation",
    "StoredEvent",
    "Unresolved",
    "carry_out",
    "claim_due",
    "claim_events",
    "event_applied",
    "event_failed",
    "find",
    "finish",
    "kept_form",
    "parse_ref",
    "postpone",
    "ref_of",
    "request",
    "store_event",
    "wait_at_most",
]
