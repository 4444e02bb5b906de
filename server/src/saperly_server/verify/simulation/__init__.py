"""The whole control plane in one process: one step after the other, in virtual time, with everything that can go wrong."""

from .proof import SIMULATION

__all__ = ["SIMULATION"]
