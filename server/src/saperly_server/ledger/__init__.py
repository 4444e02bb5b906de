"""The prepaid ledger: balances, holds, caps, entries, and the rate file. See README.md."""

from .contracts import Balance, Closed, Entry
from .errors import InsufficientFunds, PaymentMethodRequired, SpendLimitExceeded
from .operations import (
    adjust,
    balance,
    charge,
    extend,
    give_back_first_number,
    lock,
    open_account,
    promote,
    release,
    settle,
    settle_in_full,
    top_up,
)
from .queries import entries
from .rating import NumberNotOffered, NumberQuote, RateCard, RateFileInvalid

__all__ = [
    "Balance",
    "Closed",
    "Entry",
    "InsufficientFunds",
    "NumberNotOffered",
    "NumberQuote",
    "PaymentMethodRequired",
    "RateCard",
    "RateFileInvalid",
    "SpendLimitExceeded",
    "adjust",
    "balance",
    "charge",
    "entries",
    "extend",
    "give_back_first_number",
    "lock",
    "open_account",
    "promote",
    "release",
    "settle",
    "settle_in_full",
    "top_up",
]
