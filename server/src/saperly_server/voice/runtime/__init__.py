"""Running live calls: inputs from the network and the brain into the engine, its effects out into the world."""

from .live import LiveCall, World
from .registry import LiveCalls
from .store import CallFacts, CallStore, NotOwner, Step

__all__ = ["CallFacts", "CallStore", "LiveCall", "LiveCalls", "NotOwner", "Step", "World"]
