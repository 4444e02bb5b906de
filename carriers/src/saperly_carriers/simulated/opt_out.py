"""Opt-out words handled by the carrier itself: it blocks, unblocks and answers before the platform sees them."""

from __future__ import annotations

_STOP = frozenset({"STOP", "STOPALL", "STOP ALL", "UNSUBSCRIBE", "CANCEL", "END", "QUIT"})
_START = frozenset({"START", "UNSTOP"})
_HELP = frozenset({"HELP", "INFO"})

_ANSWERS = {
    "STOP": "You have been unsubscribed and will receive no further messages. Reply START to resubscribe.",
    "START": "You have been resubscribed. Reply HELP for help, STOP to unsubscribe.",
    "HELP": "Reply STOP to unsubscribe. Msg and data rates may apply.",
}


def opt_out_word(text: str) -> str | None:
    """STOP, START or HELP if the text is such a word and nothing else."""
    word = text.strip().upper()
    for answer, words in (("STOP", _STOP), ("START", _START), ("HELP", _HELP)):
        if word in words:
            return answer
    return None


class OptOuts:
    """Who has opted out of which sender."""

    def __init__(self) -> None:
        self._blocked: set[tuple[str, str]] = set()

    def blocked(self, sender: str, recipient: str) -> bool:
        return (sender, recipient) in self._blocked

    def handle(self, word: str, *, sender: str, recipient: str) -> str:
        """Apply a word that the recipient sent to the sender; gives the carrier's answer."""
        if word == "STOP":
            self._blocked.add((sender, recipient))
        elif word == "START":
            self._blocked.discard((sender, recipient))
        return _ANSWERS[word]
