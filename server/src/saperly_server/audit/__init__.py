"""The audit trail: append-only, one hash chain for each workspace. See README.md."""

from .contracts import AuditEvent, ChainReport
from .operations import list_events, open_trail, record, verify

__all__ = ["AuditEvent", "ChainReport", "list_events", "open_trail", "record", "verify"]
