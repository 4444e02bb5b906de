"""The sentence that every call begins with: who is responsible for it, and that an automated assistant speaks.

The responsible business at the beginning: 47 CFR 64.1200(b)(1). On calls we place, the number to call back (b)(2) and the
offer to opt out (b)(3). That the voice is artificial, in the first utterance: Utah Code ch. 13-77, Maine 10 M.R.S.
1500-DD, California Pub. Util. Code 2874, EU AI Act article 50(1). That the call may be transcribed: the states that need
every party's consent, such as California Penal Code 632.
"""

from __future__ import annotations

import unicodedata

from .contracts import Connection

OPT_OUT_OFFER = "To stop these calls, press 9 or say stop calling."
"""The automated opt-out, by key and by voice, that a call with an artificial voice must offer: 47 CFR 64.1200(b)(3)."""
_UNNAMED = "the business you are connected to"


def disclosure_for(connection: Connection, *, workspace_name: str, callback_number: str, outbound: bool) -> str | None:
    """What is spoken first and without interruption; None when the connection has compliance switched off.

    The result is plain text. It is to be spoken as it stands: whoever hands it to a speech system that reads markup
    escapes it. The customer's own words are never treated as a template. `callback_number` is E.164; its digits are
    written apart, because speech systems otherwise read a number of billions.
    """
    if not connection.compliance_enabled:
        return None
    text = opening_text(connection.disclosure, workspace_name)
    if not outbound:
        return text
    stop = "." if text[-1].isalnum() else ""
    return f"{text}{stop} To call us back, dial {_apart(callback_number)}. {OPT_OUT_OFFER}"


def opening_text(own: str, workspace_name: str) -> str:
    """The customer's own text, or the default that names the workspace when there is nothing in it to be heard."""
    spoken = _plain(own)
    if _audible(spoken):
        return spoken
    name = _plain(workspace_name)
    who = name if _audible(name) else _UNNAMED
    return f"This is an automated AI assistant for {who}. This call may be transcribed."


def _audible(text: str) -> bool:
    """Punctuation, emoji and invisible characters make no disclosure; a letter or a digit does."""
    return any(char.isalnum() for char in text)


def _plain(text: str) -> str:
    """One line without control characters, which some speech systems take for commands."""
    return " ".join("".join(" " if unicodedata.category(char) == "Cc" else char for char in text).split())


def _apart(number: str) -> str:
    return "+" + " ".join(char for char in number if char.isdigit())
