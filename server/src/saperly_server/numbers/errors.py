"""What can go wrong with numbers, beyond what the gate refuses."""

from __future__ import annotations

from typing import ClassVar

from saperly_server.core.errors import SaperlyError


class NoNumbersAvailable(SaperlyError):
    """The network has no number of this kind for sale."""

    status = 404
    fix = "Try another area code or number type, or leave areaCode out."
    shape: ClassVar = {"country": "string", "numberType": "string"}

    def __init__(self, *, country: str, number_type: str) -> None:
        super().__init__(f"No {number_type} number in {country} is available.", country=country, numberType=number_type)


class CountryNotAvailable(SaperlyError):
    """Numbers of this country are not offered."""

    status = 403
    fix = "Choose a country that is offered; GET /pricing/quote tells the price of each."
    shape: ClassVar = {"country": "string", "message": "string"}

    def __init__(self, country: str) -> None:
        message = f"Numbers in {country} are not offered."
        super().__init__(message, country=country, message=message)


class InvalidSmsSenderId(SaperlyError):
    """Not a usable alphanumeric sender: 1 to 11 ASCII letters and digits, at least one letter."""

    status = 400
    final = True
    fix = "Use 1 to 11 letters and digits with at least one letter, or null to send from the number."
    shape: ClassVar = {"reason": "string"}

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)


class InvalidCallerIdName(SaperlyError):
    """Not a usable caller-ID name: 1 to 15 letters, digits and single inner spaces, beginning with a letter."""

    status = 400
    final = True
    fix = "Use 1 to 15 letters, digits and spaces, beginning with a letter, or null to show the bare number."
    shape: ClassVar = {"reason": "string"}

    def __init__(self, reason: str) -> None:
        super().__init__(reason, reason=reason)
