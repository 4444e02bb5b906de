"""Base classes of request and response bodies, and the field types that all of them use."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, model_validator
from pydantic.alias_generators import to_camel

from saperly_server.core.phone import NotE164, parse_e164


def _iso(value: datetime) -> str:
    return value.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


Instant = Annotated[datetime, PlainSerializer(_iso, return_type=str)]
"""An instant as ISO 8601 in UTC with milliseconds: `2026-06-18T09:30:00.000Z`."""


def _e164(value: str) -> str:
    try:
        return parse_e164(value)
    except NotE164 as error:
        raise ValueError(str(error)) from error


PhoneNumber = Annotated[
    str,
    AfterValidator(_e164),
    Field(json_schema_extra={"pattern": r"^\+[1-9][0-9]{6,14}$", "examples": ["+15555550123"]}),
]
"""A telephone number in E.164 form."""


def whole(value: Any) -> Any:
    """`5000.0` as 5000: JSON has one kind of number, and some clients write whole ones with a point."""
    return int(value) if isinstance(value, float) and value.is_integer() else value


def clean(value: Any) -> Any:
    """Refuse text that cannot be stored: NUL characters and lone surrogates, anywhere in the body."""
    if isinstance(value, str):
        if "\x00" in value or any("\ud800" <= char <= "\udfff" for char in value):
            raise ValueError("text must not contain NUL characters or lone surrogates")
    elif isinstance(value, dict):
        for key, item in value.items():
            clean(key)
            clean(item)
    elif isinstance(value, list):
        for item in value:
            clean(item)
    return value


def example(*bodies: dict[str, Any], **extra: Any) -> ConfigDict:
    """A body's configuration with examples for the documentation; `extra` is more of its JSON schema."""
    return ConfigDict(json_schema_extra={**extra, "examples": list(bodies)})


class RequestBody(BaseModel):
    """What a customer sends: camelCase, nothing unknown, exact types."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        extra="forbid",
        strict=True,
        frozen=True,
        validate_by_alias=True,
        validate_by_name=False,
    )

    @model_validator(mode="before")
    @classmethod
    def _storable(cls, data: Any) -> Any:
        return clean(data)


class ResponseBody(BaseModel):
    """What a customer gets: camelCase."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        frozen=True,
        validate_by_name=True,
        validate_by_alias=True,
        serialize_by_alias=True,
    )
