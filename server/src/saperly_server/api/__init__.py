"""The surfaces: each translates one way of asking into operations of the features, and nothing else."""

from .app import create_app, openapi_document

__all__ = ["create_app", "openapi_document"]
