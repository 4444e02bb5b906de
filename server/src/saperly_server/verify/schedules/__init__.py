"""Carriers' events in any order, several times, late, too early or not at all: the same end each time."""

from .proof import EVENT_SCHEDULES

__all__ = ["EVENT_SCHEDULES"]
