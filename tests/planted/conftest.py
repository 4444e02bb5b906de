"""Databases and servers with a mistake in them."""

from __future__ import annotations

from server.tests.conftest import anyio_backend, clock, postgres, template

__all__ = ["anyio_backend", "clock", "postgres", "template"]
