"""The web application: the surfaces side by side behind one envelope."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI
from fastapi.responses import JSONResponse
from saperly_carriers.simulated import Network

from . import carrier_events, docs, manual, simulator, v2
from .http import errors, openapi
from .http.middleware import Envelope
from .services import Services

_NOTHING_TOLD: Any = {"tracing": False, "metrics": False, "logs": False}
"""The framework's own telemetry looks for a receiver at each request."""


def create_app(services: Services, network: Network, version: str) -> FastAPI:
    """The application over `services`. `network` is the simulated one, for the developer's telephone."""
    app = FastAPI(
        openapi_url="/openapi.json", docs_url=None, redoc_url=None, redirect_slashes=False, telemetry=_NOTHING_TOLD
    )
    app.state.services = services
    app.state.network = network
    app.router.routes.extend(v2.router.routes)
    app.include_router(v2.router, prefix="/v2", include_in_schema=False)
    app.include_router(manual.router, prefix="/v2")
    app.include_router(carrier_events.router)
    app.include_router(docs.router)
    simulator.install(app)
    errors.install(app)
    openapi.install(app, version)
    app.add_api_route("/version", lambda: JSONResponse({"version": version}), include_in_schema=False)
    app.add_middleware(Envelope, max_body_bytes=services.settings.max_body_bytes)
    return app


def openapi_document(version: str) -> dict[str, Any]:
    """The document of the v2 surface as the application serves it, without a running server."""
    app = FastAPI()
    app.include_router(v2.router)
    openapi.install(app, version)
    return app.openapi()
