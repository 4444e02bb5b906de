"""Errors as HTTP answers: `{_tag, facts…, fix, docUrl, requestId}` with the error's status."""

from __future__ import annotations

from typing import Any, ClassVar

import orjson
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.routing import Match

from saperly_server.core.db import DATABASE_FAILURES, is_outage
from saperly_server.core.errors import (
    InternalError,
    RateLimited,
    SaperlyError,
    ServiceUnavailable,
    ValidationError,
    slug,
)

_logger = structlog.get_logger(__name__)
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE")


class NotFound(SaperlyError):
    """No endpoint has this path."""

    status = 404
    fix = "GET /openapi.json lists every endpoint."
    shape: ClassVar = {"message": "string"}


class MethodNotAllowed(SaperlyError):
    """The endpoint exists, but not with this method."""

    status = 405
    fix = "GET /openapi.json lists every endpoint with its methods."
    shape: ClassVar = {"message": "string"}


class PayloadTooLarge(SaperlyError):
    """The request body is larger than this server reads."""

    status = 413
    fix = "Send a smaller body."
    shape: ClassVar = {"message": "string"}


def error_body(error: SaperlyError, request_id: str) -> bytes:
    """The public form of an error. Extra members never replace the error's own facts."""
    extra = {"fix": error.fix, "docUrl": f"/docs/errors/{slug(error.tag)}", "requestId": request_id}
    return orjson.dumps({"_tag": error.tag, **error.facts, **{k: v for k, v in extra.items() if k not in error.facts}})


def error_response(error: SaperlyError, request_id: str) -> Response:
    headers = {}
    if isinstance(error, RateLimited):
        headers["Retry-After"] = str(error.retry_after_sec)
    if isinstance(error, ServiceUnavailable):
        headers["Retry-After"] = "2"
    if error.status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    return Response(error_body(error, request_id), error.status, headers, media_type="application/json")


def request_id(request: Request) -> str:
    return str(request.scope.get("state", {}).get("request_id", ""))


async def _expected(request: Request, error: Exception) -> Response:
    assert isinstance(error, SaperlyError)
    return error_response(error, request_id(request))


async def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    issues = [{"path": _path(item), "message": _sentence(item)} for item in error.errors()]
    refusal = ValidationError(f"{issues[0]['path']}: {issues[0]['message']}" if issues else "Invalid request.", issues)
    return error_response(refusal, request_id(request))


def _path(item: Any) -> str:
    """Where it is wrong, as a caller would write it: `grant.scopes.0`, `limit`; `body` for the body as a whole."""
    place, *inner = item["loc"] or ("body",)
    return str(place) if not inner or item["type"] == "json_invalid" else ".".join(str(part) for part in inner)


def _sentence(item: Any) -> str:
    return str(item["msg"]).removeprefix("Value error, ")


async def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refusal: SaperlyError
    if isinstance(error.__cause__, SaperlyError):
        # The framework wraps what goes wrong while it reads a body; what we refused stays what it was.
        refusal = error.__cause__
    elif error.status_code == 404:
        refusal = NotFound(f"There is no {request.url.path} here.", message=f"There is no {request.url.path} here.")
    elif error.status_code == 405:
        message = f"{request.url.path} does not support {request.method}."
        refusal = MethodNotAllowed(message, message=message)
    else:
        refusal = ValidationError(str(error.detail), [{"path": "body", "message": str(error.detail)}])
    response = error_response(refusal, request_id(request))
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    if error.status_code == 405:
        response.headers["Allow"] = ", ".join(_methods_at(request))
    return response


def _methods_at(request: Request) -> list[str]:
    """Every method of a path. The framework names only those of the first route it finds there."""
    found: list[str] = []
    for method in _METHODS:
        asked = {**request.scope, "method": method}
        if any(route.matches(asked)[0] is Match.FULL for route in request.app.routes):
            found.append(method)
    return found


async def _database(request: Request, error: Exception) -> Response:
    if not is_outage(error):
        return await _unexpected(request, error)
    _logger.error("database unavailable", error=type(error).__name__)
    return error_response(ServiceUnavailable(), request_id(request))


async def _unexpected(request: Request, error: Exception) -> Response:
    return unexpected(error, request_id(request))


def unexpected(error: Exception, trace_id: str) -> Response:
    """A mistake of ours: the outside learns only the trace id, the log has everything."""
    _logger.error("unexpected error", trace_id=trace_id, exc_info=error)
    return error_response(InternalError("unexpected", traceId=trace_id), trace_id)


def install(app: FastAPI) -> None:
    """Answer every kind of failure of `app` in our form."""
    app.add_exception_handler(SaperlyError, _expected)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    for kind in DATABASE_FAILURES:
        app.add_exception_handler(kind, _database)
