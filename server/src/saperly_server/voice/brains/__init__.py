"""Brains: whatever decides what a call says. All of them are told the same events and give the same directives."""

from .contracts import Brain, BrainCall, BrainFailing, BrainUnreachable, Tell, Thinker
from .demo import DemoBrain
from .slots import SlotBook
from .thinking import Thinking

__all__ = [
    "Brain",
    "BrainCall",
    "BrainFailing",
    "BrainUnreachable",
    "DemoBrain",
    "SlotBook",
    "Tell",
    "Thinker",
    "Thinking",
]
