"""A telephone network in this process, and the carrier in front of it.

`Network` is what tests and developers hold: parties, people, faults and the log. `SimulatedCarrier` is what the
platform holds: the carrier port on top of the same network.
"""

from saperly_carriers.simulated.call_plan import ANONYMOUS
from saperly_carriers.simulated.carrier import SimulatedCarrier
from saperly_carriers.simulated.courier import Deliver
from saperly_carriers.simulated.faults import Faults
from saperly_carriers.simulated.inboxes import ReceivedText, TextEar
from saperly_carriers.simulated.interactive import AttentiveEar, PartyEar, PartyError, PartyLeg
from saperly_carriers.simulated.log import EventLog, HeardLine, LogEntry
from saperly_carriers.simulated.messages import NotInService
from saperly_carriers.simulated.network import Network
from saperly_carriers.simulated.parties import Party, ScriptFailed
from saperly_carriers.simulated.script import Script, ScriptError
from saperly_carriers.simulated.script_parser import load_script, parse_script
from saperly_carriers.simulated.script_run import ScriptRun
from saperly_carriers.simulated.settings import NetworkSettings

__all__ = [
    "ANONYMOUS",
    "AttentiveEar",
    "Deliver",
    "EventLog",
    "Faults",
    "HeardLine",
    "LogEntry",
    "Network",
    "NetworkSettings",
    "NotInService",
    "Party",
    "PartyEar",
    "PartyError",
    "PartyLeg",
    "ReceivedText",
    "Script",
    "ScriptError",
    "ScriptFailed",
    "ScriptRun",
    "SimulatedCarrier",
    "TextEar",
    "load_script",
    "parse_script",
]
