"""Every proof there is, in the order in which they run. A new one gets its line here."""

from __future__ import annotations

from .contracts import Proof
from .crashes import CRASHES, DATABASE_CRASHES, LOST_COMMITS
from .keys import LATTICES
from .ledger import CROWDS, HISTORIES, ORDERS
from .opt_outs import OPT_OUT_RACES
from .schedules import EVENT_SCHEDULES
from .simulation import SIMULATION

PROOFS: tuple[Proof, ...] = (
    HISTORIES,
    CROWDS,
    ORDERS,
    LATTICES,
    EVENT_SCHEDULES,
    OPT_OUT_RACES,
    SIMULATION,
    CRASHES,
    LOST_COMMITS,
    DATABASE_CRASHES,
)
