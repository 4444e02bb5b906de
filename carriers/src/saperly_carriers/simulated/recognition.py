"""Speech recognition, modelled: what is understood of what was said."""

from __future__ import annotations

from random import Random

from saperly_carriers.simulated.agent_voice import words_within

_MISHEARD = ("the", "to", "four", "right", "eight", "no", "their", "uh")


def understood(text: str, error_rate: float, chance: Random) -> str:
    """The text with some words dropped or taken for others, `error_rate` of them on average."""
    if error_rate <= 0:
        return text
    words = (_one_word(word, error_rate, chance) for word in text.split())
    return " ".join(word for word in words if word)


def _one_word(word: str, error_rate: float, chance: Random) -> str:
    if chance.random() >= error_rate:
        return word
    return "" if chance.random() < 0.5 else chance.choice(_MISHEARD)


def guesses(text: str, takes_sec: float, every_sec: float) -> list[tuple[float, str]]:
    """What is understood while somebody is still talking: seconds after the beginning, words so far."""
    found = []
    for count in range(1, int(takes_sec / every_sec) + 1):
        at = count * every_sec
        words = words_within(text, len(text) * at / takes_sec)
        if words and at < takes_sec:
            found.append((at, words))
    return found
