"""What every frame has in common: camelCase on the wire, snake_case in Python, unknown members refused."""

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints
from pydantic.alias_generators import to_camel

_UNSPEAKABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]")


class WireModel(BaseModel):
    """A frame or a part of one: immutable, strict about types, unknown members refused."""

    model_config = ConfigDict(
        alias_generator=to_camel,
        validate_by_name=True,
        validate_by_alias=True,
        extra="forbid",
        frozen=True,
        strict=True,
    )

    def to_wire(self) -> dict[str, Any]:
        """The JSON object as it is sent: camelCase, its type first, members without a value left out."""
        members = self.model_dump(mode="json", by_alias=True, exclude_none=True)
        return {"type": members.pop("type"), **members} if "type" in members else members


def _without_control_characters(text: str) -> str:
    if _UNSPEAKABLE.search(text):
        raise ValueError("must not contain control characters")
    return text


def _not_blank(text: str) -> str:
    if not text.strip():
        raise ValueError("must not be blank")
    return text


Identifier = Annotated[str, StringConstraints(min_length=1, max_length=256)]
"""An opaque id: compared and echoed, never parsed."""

Label = Annotated[str, StringConstraints(max_length=256), AfterValidator(_without_control_characters)]
"""A short free text for people: a reason, the name of a client."""

SpokenText = Annotated[
    str,
    StringConstraints(min_length=1, max_length=4000),
    AfterValidator(_not_blank),
    AfterValidator(_without_control_characters),
]
"""A line to be said: 1 to 4000 characters, not blank, line breaks and tabs allowed."""
