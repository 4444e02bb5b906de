"""What an inbound text or a caller's sentence says about being contacted: stop, help, start, or nothing.

Law: 47 CFR 64.1200(a)(10) names seven words that always withdraw consent, and lets any wording count that a
reasonable person would read so; carrier practice (CTIA) adds words and HELP. Doubt leans towards stopping.
Three tiers decide; `phrases` holds their words:

1. the whole message is one of the fixed words: opt-out, help, opt-in;
2. a clear phrase stands anywhere in it: opt-out;
3. a suspicious but unclear one does: hold (no automated sends until a person has looked).

Speech is judged by tier 2 and by the words nobody says by chance ("unsubscribe", "opt out"). A lone "stop",
"stop it" or "quit" during a call usually interrupts the agent, so it does not withdraw consent; "stop calling
me" and the announced key do.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from saperly_server.compliance import phrases


class Meaning(StrEnum):
    """What the platform has to do with a message. Hold and ordinary ones are the workspace's to answer."""

    OPT_OUT = "opt_out"
    HELP = "help"
    OPT_IN = "opt_in"
    HOLD = "hold"
    ORDINARY = "ordinary"


@dataclass(frozen=True, slots=True)
class Keyword:
    """The class of a message, the normalised words that decided it, and their tier (None if ordinary)."""

    meaning: Meaning
    matched: str | None = None
    tier: int | None = None


# Apostrophes vanish ("don't" is "dont"); two Arabic ligatures that unfold to whole phrases part words.
_FIRST_OF_ALL = str.maketrans("ﷺﷻ", "  ", "'’‘‛`´′ʹʻʼʽ＇")
_LONG_RUN = re.compile(r"(\w)\1{2,}")
_SPELLED_OUT = re.compile(r"\w(?: \w)+")
# Texts that quote a message of ours: reactions of phones at the start, and lines of quoted replies.
_QUOTATION = re.compile(
    r"\A\W{0,8}(?:(?:dis)?liked|loved|laughed at|emphasi[sz]ed|questioned|reacted \S{1,20} to|to"
    r"|removed an? \S{1,20}(?: \S{1,20})? from)\W{0,3} \W{0,2}[“„\"](?:.*[”“\"]|.*)|^[ \t]{0,3}>[^\n]*",
    re.IGNORECASE | re.MULTILINE | re.DOTALL,
)
_OWN_SENTENCE = re.compile(
    r"(?:\A|[.!?;,\n])[ \t]{0,3}(?:stop(?: all)?|unsubscribe|opt[ -]?out)[ \t]{0,3}(?:[.!?;\n]|\Z)",
    re.IGNORECASE,
)


def _any_of(alternatives: Iterable[str]) -> re.Pattern[str]:
    return re.compile(rf"(?<!\S)(?:{'|'.join(alternatives)})(?!\S)")


_CLEAR = _any_of(phrases.CLEAR_PHRASES)
_CLEAR_WRITTEN = _any_of(phrases.CLEAR_IN_WRITING)
_LIMITED = _any_of(phrases.LIMITED_PHRASES)
_ORDINARY = _any_of(phrases.ORDINARY_PHRASES)
_UNCLEAR = _any_of(phrases.UNCLEAR_PHRASES)
_RUN_TOGETHER = frozenset(word.replace(" ", "") for word in phrases.OPT_OUT_WORDS)


def normalise(text: str) -> str:
    """Lower-case words of letters and digits, one space between them: no accents, emoji, apostrophes.

    Invisible characters vanish, so `st\\u200bop` is one word; a text of single letters (`S T O P`) is joined.
    """
    plain = unicodedata.normalize("NFKC", text.translate(_FIRST_OF_ALL)).casefold()
    if not plain.isascii():
        plain = unicodedata.normalize("NFD", plain)
        plain = plain.translate({ord(character): _reduced(character) for character in set(plain)})
    words = " ".join(re.findall(r"[^\W_]+", plain))
    return words.replace(" ", "") if _SPELLED_OUT.fullmatch(words) else words


def classify(body: str, *, opted_out: bool, open_prompt: bool = False) -> Keyword:
    """The meaning of an inbound message (after reassembly of its parts; of an MMS, its text).

    `opted_out`: the sender is opted out on this number now; `open_prompt`: they were just asked to confirm an
    opt-in. Either lets a bare "yes" opt in.
    """
    words = normalise(body)
    return _whole_message(words, may_agree=opted_out or open_prompt) or _inside(body, words)


def is_spoken_opt_out(text: str) -> bool:
    """Whether a caller's transcribed sentence withdraws consent; see the module's text for "stop" alone."""
    words = " ".join(word for word in normalise(text).split() if word not in phrases.DISFLUENCIES)
    if words == "stop all" or _nothing_but(words, phrases.UNMISTAKABLE_WORDS, phrases.CHATTER):
        return True
    return _CLEAR.search(_LIMITED.sub("*", _ORDINARY.sub("*", words))) is not None


def _whole_message(words: str, *, may_agree: bool) -> Keyword | None:
    joined = words.replace(" ", "")
    if joined in _RUN_TOGETHER or _LONG_RUN.sub(r"\1", joined) in _RUN_TOGETHER:
        return Keyword(Meaning.OPT_OUT, words, 1)
    if words in phrases.HELP_WORDS:
        return Keyword(Meaning.HELP, words, 1)
    if words in phrases.OPT_IN_WORDS or (may_agree and words == phrases.AGREEMENT):
        return Keyword(Meaning.OPT_IN, words, 1)
    return None


def _inside(body: str, words: str) -> Keyword:
    own = _QUOTATION.sub(" ", body)
    own_words = words if own == body else normalise(own)
    return _clear_phrase(own, own_words) or _unclear_phrase(own_words) or Keyword(Meaning.ORDINARY)


def _clear_phrase(own: str, words: str) -> Keyword | None:
    strongly = _nothing_but(words, phrases.STRONG_WORDS, phrases.CHATTER)
    if strongly or _nothing_but(words, phrases.WEAK_WORDS, phrases.COURTESY):
        return Keyword(Meaning.OPT_OUT, words, 2)
    rest = _LIMITED.sub("*", _ORDINARY.sub("*", words))
    found = _CLEAR.search(rest) or _CLEAR_WRITTEN.search(rest) or _OWN_SENTENCE.search(own)
    return Keyword(Meaning.OPT_OUT, normalise(found[0]), 2) if found else None


def _unclear_phrase(words: str) -> Keyword | None:
    rest = _ORDINARY.sub("*", words)
    found = _LIMITED.search(rest) or _UNCLEAR.search(rest)
    return Keyword(Meaning.HOLD, found[0], 3) if found else None


def _nothing_but(words: str, wanted: frozenset[str], courtesy: frozenset[str]) -> bool:
    """At least one wanted word, and otherwise courtesy only."""
    found = set(words.replace("opt out", "optout").split())
    return not found.isdisjoint(wanted) and found <= wanted | courtesy


def _reduced(character: str) -> str:
    """Combining marks and invisible characters vanish; symbols and emoji part words."""
    if character.isalnum():
        return character
    return "" if unicodedata.category(character) in {"Cf", "Mn", "Me", "Mc"} else " "
