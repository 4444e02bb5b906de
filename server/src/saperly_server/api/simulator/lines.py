"""Which telephone is at which number: a person's number is in one developer's hands at a time."""

from __future__ import annotations

MOST_NUMBERS = 100
"""How many numbers one telephone may hold."""


class LineTaken(Exception):
    """The number is in use at another telephone, or this one holds too many; the message says which."""


class Lines:
    """The numbers in use, each with the telephone that has it."""

    def __init__(self) -> None:
        self._holders: dict[str, object] = {}

    def claim(self, number: str, holder: object) -> None:
        """Take a number until `give_back`. Claiming again is harmless. Raises LineTaken."""
        if self._holders.get(number, holder) is not holder:
            raise LineTaken(f"{number} is in use at another telephone.")
        if sum(one is holder for one in self._holders.values()) >= MOST_NUMBERS:
            raise LineTaken(f"A telephone holds at most {MOST_NUMBERS} numbers.")
        self._holders[number] = holder

    def check_free(self, number: str, holder: object) -> None:
        """Raises LineTaken when another telephone than `holder` is at the number."""
        if self._holders.get(number, holder) is not holder:
            raise LineTaken(f"{number} is in use at another telephone.")

    def give_back(self, holder: object) -> None:
        """Free every number that this telephone has."""
        self._holders = {number: one for number, one in self._holders.items() if one is not holder}
