"""Brains: whatever decides what a call says. All of them are told the same events and give the same directives."""

from .contracts import Brain, BrainCall, BrainUnreachable
from .demo import DemoBrain
from .slots import SlotBook
from .unreachable import UnreachableBrain

__all__ = ["Brain", "BrainCall", "BrainUnreachable", "DemoBrain", "SlotBook", "UnreachableBrain"]
