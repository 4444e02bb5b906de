"""The wire tests' stage."""

from __future__ import annotations

from ..stage import Stage

__all__ = ["Stage"]
