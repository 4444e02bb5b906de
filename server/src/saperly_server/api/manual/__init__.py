"""`/v2/manual/{connectionId}/ws`: the socket by which a customer's own program is the brain of a connection's calls."""

from .routes import router

__all__ = ["router"]
