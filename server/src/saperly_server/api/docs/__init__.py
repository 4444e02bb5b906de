"""Documentation that the server itself serves: a page for each error it can give."""

from .routes import router

__all__ = ["router"]
