"""What the network sells, asked for in the words of a wish."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from saperly_carriers.port import CarrierError, CarrierRejected, NumberOffer, Numbers, NumberType, RejectReason

from saperly_server.core.errors import UpstreamError, ValidationError

from .contracts import NumberWish
from .errors import CountryNotAvailable

_OFFERS = 20
_COUNTRY, _NUMBER_TYPE = "US", "local"
_NEEDS = (frozenset({"voice", "sms"}), frozenset({"voice"}))


class Kind(NamedTuple):
    """What decides the price of a number."""

    country: str
    number_type: str


async def kind_of(shop: Numbers, wish: NumberWish) -> Kind:
    """What is bought. An exact number is what it is, whatever the wish says beside it.

    ValidationError when the wish says something else of an exact number, UpstreamError when the network fails.
    """
    wished = Kind(wish.country or _COUNTRY, wish.number_type or _NUMBER_TYPE)
    if wish.phone_number is None:
        return wished
    try:
        offer = await shop.offer_of(wish.phone_number)
    except CarrierError as failed:
        raise upstream(failed) from failed
    if offer is None:
        return wished
    _check_contradiction(wish, offer)
    return Kind(offer.country, offer.number_type.value)


async def for_sale(shop: Numbers, wish: NumberWish, kind: Kind) -> Sequence[str]:
    """Numbers for texts and calls; where there are none of the kind, numbers for calls alone. Possibly none.

    CountryNotAvailable, ValidationError for an area code that cannot exist, UpstreamError when the network fails.
    """
    if wish.phone_number is not None:
        return [wish.phone_number]
    for need in _NEEDS:
        offers = await _search(shop, wish, kind, need)
        if offers:
            return [offer.e164 for offer in offers]
    return []


async def _search(shop: Numbers, wish: NumberWish, kind: Kind, need: frozenset[str]) -> Sequence[NumberOffer]:
    try:
        return await shop.search(
            country=kind.country,
            number_type=NumberType(kind.number_type),
            area_code=wish.area_code,
            need=need,
            limit=_OFFERS,
        )
    except CarrierRejected as refused:
        raise _search_refused(refused, kind, wish) from refused
    except CarrierError as failed:
        raise upstream(failed) from failed


def _check_contradiction(wish: NumberWish, offer: NumberOffer) -> None:
    said = {"country": (wish.country, offer.country), "numberType": (wish.number_type, offer.number_type.value)}
    for path, (wished, found) in said.items():
        if wished is not None and wished != found:
            message = f"The number is sold as {found}, not as {wished}; leave {path} out."
            raise ValidationError(f"{path}: {message}", [{"path": path, "message": message}])


def _search_refused(refused: CarrierRejected, kind: Kind, wish: NumberWish) -> Exception:
    if refused.reason is RejectReason.GEO:
        return CountryNotAvailable(kind.country)
    if refused.reason is RejectReason.INVALID_VALUE:
        message = f"{wish.area_code} is not an area code."
        return ValidationError(message, [{"path": "areaCode", "message": message}])
    return upstream(refused)


def upstream(error: CarrierError) -> UpstreamError:
    """A carrier's failure in our words: its status and code, never its name."""
    return UpstreamError(error.message, upstream_status=error.status or 502, code=error.code or "upstream_error")
