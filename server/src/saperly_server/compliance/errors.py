"""Why a peer may not be contacted."""

from __future__ import annotations

from typing import ClassVar

from saperly_server.core.errors import SaperlyError


class ConsentRequired(SaperlyError):
    """There is no consent of this peer for this number."""

    status = 403
    fix = "Record the peer's consent with POST /consent, then send the request again."
    shape: ClassVar = {"numberId": "string", "to": "string", "message": "string"}

    def __init__(self, *, number_id: str, to: str) -> None:
        message = f"{to} has not consented to being contacted by this number."
        super().__init__(message, numberId=number_id, to=to, message=message)


class RecipientOptedOut(SaperlyError):
    """The peer asked not to be contacted, or their consent was revoked."""

    status = 403
    fix = "Do not contact this peer; only their own START, or new consent given after the revocation, allows it again."
    shape: ClassVar = {"to": "string"}

    def __init__(self, *, to: str) -> None:
        super().__init__(f"{to} has opted out.", to=to)


class DestinationNotSupported(SaperlyError):
    """The destination is never allowed (emergency, premium …) or not enabled for this workspace."""

    status = 400
    fix = "Use a number in a country that is enabled for the workspace; emergency and premium numbers are never reachable."
    shape: ClassVar = {"to": "string"}

    def __init__(self, *, to: str) -> None:
        super().__init__(f"{to} cannot be reached from here.", to=to)
