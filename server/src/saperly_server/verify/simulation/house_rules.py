"""The settings of a simulated server."""

from __future__ import annotations

from typing import Any

from saperly_server.core.settings import Settings


def settings(**changes: Any) -> Settings:
    """A development server that limits nobody's rate, with `changes`."""
    return Settings.model_validate(
        {"mode": "development", "secret_key": "simulated", "requests_per_minute": 1_000_000, **changes}
    )
