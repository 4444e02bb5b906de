"""Compliance: consent, suppression, keywords, destinations, and the texts the platform itself sends. See README.md."""

from .consent import check, grant, imply, list_consents, opt_in, opt_out, revoke, state_of
from .contracts import ConsentRecord, ConsentState, ConsentType
from .destinations import Destination, NotSipTarget, Refusal, SipTarget, destination, sip_target
from .errors import ConsentRequired, DestinationNotSupported, RecipientOptedOut
from .keywords import Keyword, Meaning, classify, is_spoken_opt_out
from .texts import help_reply, opt_in_confirmation, opt_out_confirmation

__all__ = [
    "ConsentRecord",
    "ConsentRequired",
    "ConsentState",
    "ConsentType",
    "Destination",
    "DestinationNotSupported",
    "Keyword",
    "Meaning",
    "NotSipTarget",
    "RecipientOptedOut",
    "Refusal",
    "SipTarget",
    "check",
    "classify",
    "destination",
    "grant",
    "help_reply",
    "imply",
    "is_spoken_opt_out",
    "list_consents",
    "opt_in",
    "opt_in_confirmation",
    "opt_out",
    "opt_out_confirmation",
    "revoke",
    "sip_target",
    "state_of",
]
