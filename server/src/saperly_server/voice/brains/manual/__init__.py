"""Manual brains: the customer's own program, over a socket that it opened or a URL that it answers."""

from .brain import ManualBrain
from .desk import BrainSocket, Desk, complaint
from .posting import Endpoint, Posting, signed

__all__ = ["BrainSocket", "Desk", "Endpoint", "ManualBrain", "Posting", "complaint", "signed"]
