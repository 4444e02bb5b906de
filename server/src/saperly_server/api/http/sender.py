"""The number that a call or text comes from, under either of its two names."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, model_validator

from .body import RequestBody

_Id = Annotated[str, Field(min_length=1, max_length=64)]


A_SENDER: list[dict[str, Any]] = [
    {"required": ["fromNumberId"], "properties": {"fromNumberId": {"type": "string"}}},
    {"required": ["numberId"], "properties": {"numberId": {"type": "string"}}},
]
"""The rule below as a JSON schema, for `anyOf`; that two must agree is left unsaid."""


class FromNumber(RequestBody):
    """`fromNumberId`, or its synonym `numberId`; both only when they agree."""

    from_number_id: _Id | None = None
    number_id: _Id | None = None

    @model_validator(mode="after")
    def _one_sender(self) -> FromNumber:
        if self.from_number_id is None and self.number_id is None:
            raise ValueError("fromNumberId is required")
        if None not in (self.from_number_id, self.number_id) and self.from_number_id != self.number_id:
            raise ValueError("fromNumberId and numberId differ")
        return self

    @property
    def sender(self) -> str:
        """The number's id."""
        return self.from_number_id or self.number_id or ""
