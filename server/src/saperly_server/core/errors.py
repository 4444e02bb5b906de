"""The shape of an expected problem.

Every refusal the platform can give is a small class next to the code that raises it. It has a name a customer can read
(`tag`), an HTTP status, the facts of the case, and a sentence that helps. Surfaces translate it; nothing else does.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

Facts = dict[str, Any]


class SaperlyError(Exception):
    """An expected problem.

    `tag` is the public name, `status` the HTTP status, `retryable` whether the same request may succeed later without a
    change, `final` whether the answer may be stored under an idempotency key because it can never change, `fix` one
    sentence or command that helps. `facts` are the public members of the error body, in camelCase, and `shape` their JSON
    types.
    """

    tag: ClassVar[str]
    status: ClassVar[int] = 500
    retryable: ClassVar[bool] = False
    final: ClassVar[bool] = False
    fix: ClassVar[str | None] = None
    shape: ClassVar[Mapping[str, str]] = {}

    def __init__(self, message: str, /, **facts: Any) -> None:
        super().__init__(message)
        self.message = message
        self.facts: Facts = facts
        self.resource_id: str | None = None

    def about(self, resource_id: str) -> Self:
        """Say which message, call or number had been made when it went wrong."""
        self.resource_id = resource_id
        return self

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "tag" not in cls.__dict__:
            cls.tag = cls.__name__


def all_errors(base: type[SaperlyError] = SaperlyError) -> Iterator[type[SaperlyError]]:
    """Every public error class that has been imported, depth first."""
    for child in base.__subclasses__():
        if "status" in child.__dict__:
            yield child
        yield from all_errors(child)


def slug(tag: str) -> str:
    """`ConsentRequired` → `consent-required`: the error's page in the documentation."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", tag).lower()


class ValidationError(SaperlyError):
    """The request is not of the documented form. `issues` is a list of `{path, message}`."""

    status = 400
    fix = "Correct the fields named in issues and send the request again."
    shape: ClassVar = {"message": "string", "issues": "issues"}

    def __init__(self, message: str, issues: list[dict[str, str]] | None = None) -> None:
        super().__init__(message, issues=issues or [], message=message)


class InternalError(SaperlyError):
    """Something unexpected. The outside learns only the trace id; the log has everything."""

    status = 500
    retryable = True
    fix = "Try again; if it persists, give the operator the traceId."
    shape: ClassVar = {"traceId": "string"}


class RateLimited(SaperlyError):
    """A rate or concurrency limit of ours was reached. `bucket` names which."""

    status = 429
    retryable = True
    fix = "Wait for the number of seconds in the Retry-After header, then send the same request again."
    shape: ClassVar = {"bucket": "string"}

    def __init__(self, bucket: str, retry_after_sec: int = 1) -> None:
        super().__init__(f"Too many requests in the bucket {bucket}.", bucket=bucket)
        self.retry_after_sec = retry_after_sec


class UpstreamError(SaperlyError):
    """The telephone network refused or failed. Its identity is not part of the message."""

    status = 502
    retryable = True
    fix = "Look at code; for a refusal change the request, for a failure try again later with the same Idempotency-Key."
    shape: ClassVar = {"status": "integer", "code": "string", "message": "string"}

    def __init__(self, message: str, *, upstream_status: int, code: str) -> None:
        super().__init__(message)
        self.facts = {"status": upstream_status, "code": code, "message": message}


class ServiceUnavailable(SaperlyError):
    """The database cannot be reached. Should the request have taken effect, its Idempotency-Key finds it again."""

    status = 503
    retryable = True
    fix = "Try again in a few seconds with the same Idempotency-Key."
    shape: ClassVar = {"message": "string"}

    def __init__(self) -> None:
        message = "The service cannot reach its database at the moment."
        super().__init__(message, message=message)
