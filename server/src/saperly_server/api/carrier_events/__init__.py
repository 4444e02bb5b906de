"""The surface that carriers see: one address for each carrier, which takes their signed requests."""

from .routes import router

__all__ = ["router"]
