"""The gate: the one function through which every outbound contact and every purchase passes. See README.md."""

from .contracts import Admission, Admitted, Intent, Repeated
from .errors import NumberNotFound, NumberQuotaExceeded, NumberTaken, PriceChanged
from .operations import Gate

__all__ = [
    "Admission",
    "Admitted",
    "Gate",
    "Intent",
    "NumberNotFound",
    "NumberQuotaExceeded",
    "NumberTaken",
    "PriceChanged",
    "Repeated",
]
