"""Phone numbers: search, order, price, rent, release, sender identity. See README.md."""

from .contracts import RENT_PERIOD, Number, NumberWish
from .errors import CountryNotAvailable, InvalidCallerIdName, InvalidSmsSenderId, NoNumbersAvailable
from .operations import bind, release, retire_connection, set_caller_id, set_sms_sender, set_webhook
from .provision import Provisioner
from .queries import find_by_e164, get_number, in_use, list_numbers, renamed_at_carrier, usable_number
from .reading import NumberReader
from .tasks import carry_out, sweep_rent

__all__ = [
    "RENT_PERIOD",
    "CountryNotAvailable",
    "InvalidCallerIdName",
    "InvalidSmsSenderId",
    "NoNumbersAvailable",
    "Number",
    "NumberReader",
    "NumberWish",
    "Provisioner",
    "bind",
    "carry_out",
    "find_by_e164",
    "get_number",
    "in_use",
    "list_numbers",
    "release",
    "renamed_at_carrier",
    "retire_connection",
    "set_caller_id",
    "set_sms_sender",
    "set_webhook",
    "sweep_rent",
    "usable_number",
]
