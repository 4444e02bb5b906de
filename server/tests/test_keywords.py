"""What inbound texts and spoken sentences mean. Examples are parted by `|`."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from saperly_server.compliance.keywords import (
    Keyword,
    Meaning,
    classify,
    is_spoken_opt_out,
    normalise,
)
from saperly_server.compliance.phrases import HELP_WORDS, OPT_IN_WORDS, OPT_OUT_WORDS


def examples(text: str) -> list[str]:
    return [example.strip() for line in text.strip().splitlines() for example in line.split("|")]


def meaning(body: str) -> Meaning:
    return classify(body, opted_out=False).meaning


WHOLE_MESSAGES = [
    *["STOP", "stop", " Stop. ", '"STOP"', "STOP!!!", "ＳＴＯＰ", "S T O P", "Stop 🛑", "st\u200bop", "s.t.o.p"],
    *["UNSUBSCRIBE", "Cancel", "END", "quit.", "Revoke", "opt out", "Opt-Out", "OPTOUT", "stop all", "STOPALL"],
    *["remove", "arrêt", "ARRÊT!", "ALTO", "parar", "¡Basta!", "cancelar", "baja", "opt\nout", "OPT  OUT"],
    *["‘stop’", "“Stop”", "*STOP*", "_stop_", "(stop)", "stop…", "stop\n", "STO\u00adP", "stoooop", "STOPPPP"],
    *["Stop 👍🏽", "🛑STOP🛑", "ⓢⓣⓞⓟ", "𝗦𝗧𝗢𝗣", "sto\ufe0fp", "Unsubscribe.", "e n d", "\u202estop", "stop🙏"],
]


@pytest.mark.parametrize("body", WHOLE_MESSAGES)
def test_a_fixed_word_alone_opts_out(body: str) -> None:
    found = classify(body, opted_out=False)
    assert (found.meaning, found.tier) == (Meaning.OPT_OUT, 1)


CLEAR = examples("""
please stop texting me | Stop please | dont call me again | take me off your list | no more texts | wrong number
unsubscribe me | opt me out pls | Please don't text me anymore | Don’t call this number | don´t text me
do not contact me | Do not call. | do not text | Never text me again | stop calling | STOP CALLING ME!!
quit texting me | stop sending me these messages | Stop sending | stop all messages | stop the texts
stop these calls please | stop with the spam texts | Stop messaging me please! | Please remove me from this list
remove my number | remove me | remove my phone number from your system | take my number off your list
Take us off. | please take my name off of this | delete my number | lose my number | leave me alone
Leave us the hell alone | no more calls | no more messages please | No more of this | no texts please
you have the wrong number | Sorry, wrong number | I think you have the wrong person | unsubscribe please
please unsubscribe | UNSUBSCRIBE NOW | I want to unsubscribe | I would like to opt out
I'd like to opt out of these messages | opt out please | please opt me out | stop now | Stop!! Now!! | just stop
please stop | ok stop | stop stop stop | Stop it | stop this now | can you please stop | Could you stop
I said STOP | I already asked you to stop | I have told you to stop 3 times | STOP. I don't know who you are
I'm at work. Stop. | unsubcribe | please unsubscibe me | cancel please | Cancel now | please end
cancel these texts | end all messages | turn off these alerts | I revoke my consent
I withdraw my consent to be contacted | I do not consent to these texts | I never gave you permission to text me
I don't want any more texts | I do not want to receive these messages | I no longer wish to receive calls
I don't want to hear from you | don't want to be contacted | put me on your do not call list
I'm on the do not call registry | do not send me any more texts | don't send me anything | stop emailing me
quit spamming me | stop harassing me | Please cease and desist | cease all contact | go away | can you not text me
I asked you not to call me | you never stop calling me | they don't stop calling me, stop calling
This is not John's number | please stop blowing up my phone | put a stop to these texts | i opted out already
no me llames | No me llame más | no más mensajes | número equivocado | dejen de llamarme | borre mi numero
arrêtez de m'appeler | ne m'appelez plus | désabonnez-moi | Liked “Acme: sale today” but stop texting me
why can't I stop these messages | please do not call or text me again | Do not text or call | no more please
STOP I'm not interested | Stop, I am driving | leave me be | please block my number | end texts | cancel messages
end this | quit it | consent revoked | I dont wanna get these texts | discontinue texting me | Please discontinue
do not disturb me again | STAHP | Para de mandar mensajes | quítame de la lista | detente | svp arrêtez
STOP merci | how many times do I have to tell you to stop | don't hit me up | stop txtng me | stop callin me
U have the wrong # | wrong no. | wrong person | Reply stop | stop to end | STOP2END | never contact me again
do not call my cell | don't call here | get me off this list | Stop. Not interested. | Not interested, remove me
""")


@pytest.mark.parametrize("body", CLEAR)
def test_a_clear_phrase_opts_out(body: str) -> None:
    found = classify(body, opted_out=False)
    assert (found.meaning, found.tier) == (Meaning.OPT_OUT, 2)
    assert found.matched


ORDINARY = examples("""
can you stop by at 5? | I can't stop laughing | don't stop | end of the week works | please cancel my order #12
I quit my job | what time does it end? | YES | yes please | no | No thanks | ok | thanks! | help me move the sofa
can you help? | more info please | start at 9 | let's start | when do we start
Liked “Acme: your order shipped. Reply STOP to opt out.” | Loved “Reply STOP to opt out”
Laughed at “Acme: STOP to end” | Emphasized “Acme. Reply STOP to opt out” | Questioned “Reply STOP to unsubscribe”
Disliked “Reply STOP to opt out.” | Reacted 👍 to “Acme: Reply STOP to opt out.”
👍 to “Acme: Reply STOP to opt out.” | Removed a heart from “Acme: Reply STOP to opt out.”
Removed an exclamation mark from "Reply STOP to opt out" | Liked "Acme: reply STOP to opt out"
Loved “Acme: your order shipped. Reply STOP to | meet me at the bus stop | I'm at the next stop
is this the last stop? | which stop do I get off at | one stop shop | full stop | stop sign on the corner
could you stop in tomorrow | we can stop at the store first | will you stop for gas | I'll stop to get milk
stop and pick up milk please | when will it stop raining | never stop learning
don't stop texting me, I love these | I couldn't stop smiling | cancel my appointment | please cancel the booking
cancel our reservation for tonight | can we cancel the meeting | do I need to cancel | the weekend works for me
at the end of the day | my friend is here | see you at the end | ending soon? | I want to quit smoking
recommend me a place | call me tomorrow | text me when you're here | please call me back | why don't you call me
if you don't call me I will come by | I don't text while driving | we do not call it that
send me more texts like this | I have no more questions | There are no more messages in my inbox
got the wrong number of pizzas | check your spam folder | I reported the issue yesterday
remove the pickles please | take me off-road | take my coat | leave me a message
leave the package alone at the door | what is the number | who is this for? | don't call me crazy but I like it
I'll be removed from work by 5 | non-stop flight | did you unplug it | my stop is Main St
stopped by yesterday, nobody was home | nonstop fun | quitting time is 5 | interested! | I'm very interested
stop loss order | we took two stops | I will not call again today | don't send it yet | please do not ring the bell
please don't send the invoice until Monday | don't send a tech tomorrow | do not contact the seller | no messages yet
Don't text and drive | I don't call that fair | take me off speaker | get me off work early | take me to the airport
leave me a voicemail | lost my number, sorry | no more than 5 | I have no more time | quit your worrying | endless
thank you for the reminders | keep the updates coming | who am I talking to | I like to stop and smell the roses
what's the end date | the end | cancellation policy?
""")


@pytest.mark.parametrize("body", [*ORDINARY, "", "   ", "👍", "🎉🎉🎉", "\u200b", "...", "> reply STOP to opt out\nok"])
def test_ordinary_text_is_delivered_as_it_is(body: str) -> None:
    assert classify(body, opted_out=False) == Keyword(Meaning.ORDINARY)


HOLD = examples("""
not interested | I'm not interested, sorry | who is this? | Who's this | who dis | who are you
who the hell are you | how did you get my number | spam | this is spam | scam! | Reported | reporting you
I never signed up for this | fuck off | how do I unsubscribe | how can I stop getting these
can I opt out of the insurance | I got “Reply STOP to opt out” what is that
Acme: sale today! Reply STOP to opt out | what happens if I revoke it | please remove that from the bill
tell him to stop | don't call me before 9 | do not text me while I'm driving | don't call me on weekends
text me don't call | don't call, just text | call don't text | omg stop 😂 | nothing can stop us | wrong
I'm sick of these messages
""")


@pytest.mark.parametrize("body", HOLD)
def test_an_unclear_message_waits_for_a_person(body: str) -> None:
    found = classify(body, opted_out=False)
    assert (found.meaning, found.tier) == (Meaning.HOLD, 3)


def test_our_own_words_quoted_back_are_not_the_senders() -> None:
    quoted = "> Acme: sale today! Reply STOP to opt out\n"
    assert meaning(quoted + "see you at 5") is Meaning.ORDINARY
    assert meaning(quoted + "STOP texting me") is Meaning.OPT_OUT
    assert meaning(quoted + "STOP") is Meaning.OPT_OUT
    assert meaning("Liked “Reply STOP to opt out” Stop calling me") is Meaning.OPT_OUT


@pytest.mark.parametrize("body", ["HELP", "help!", "Info", "ayuda", "AIDE", "H E L P", "help 🙏", "‘INFO’"])
@pytest.mark.parametrize("opted_out", [True, False])
def test_help_is_help_for_everybody(body: str, opted_out: bool) -> None:
    assert classify(body, opted_out=opted_out).meaning is Meaning.HELP


@pytest.mark.parametrize("body", ["START", "start.", "unstop", "UNSTOP!", "Start 👍"])
@pytest.mark.parametrize("opted_out", [True, False])
def test_start_opts_in(body: str, opted_out: bool) -> None:
    assert classify(body, opted_out=opted_out) == Keyword(Meaning.OPT_IN, normalise(body), 1)


def test_yes_opts_in_only_where_it_answers_something() -> None:
    assert classify("YES", opted_out=False).meaning is Meaning.ORDINARY
    assert classify("yes", opted_out=True).meaning is Meaning.OPT_IN
    assert classify("Yes!", opted_out=False, open_prompt=True).meaning is Meaning.OPT_IN
    assert classify("yes but later", opted_out=True).meaning is Meaning.ORDINARY


def test_nothing_but_a_whole_opt_in_word_opts_in() -> None:
    for body in ("start sending me deals", "please start", "st art", "unstop please", "yes start"):
        assert classify(body, opted_out=True).meaning is not Meaning.OPT_IN


def test_the_deciding_words_are_reported() -> None:
    assert classify("STOP!", opted_out=False) == Keyword(Meaning.OPT_OUT, "stop", 1)
    assert classify("Hi, take me off your list", opted_out=True).matched == "take me off"
    assert classify("ugh. Who is this?", opted_out=False).matched == "who is this"


SPOKEN = examples("""
stop calling | Please stop calling me. | stop um calling me | take me off your list | do not call me again
don't call this number anymore | remove my number | please remove me from your list | unsubscribe
Unsubscribe, please. | opt out | I want to opt out | unsubscribe me | put me on your do not call list
you have the wrong number | leave me alone | no more calls | I revoke my consent | stop texting me
I don't want any more calls | I told you not to call me | lose my number
""")

NOT_SPOKEN = examples("""
stop | Stop. | stop stop | okay stop | please stop | stop it | wait stop | quit | end | cancel | remove
can you stop | no | don't stop | could you stop by tomorrow | I'd like to cancel my appointment
cancel the order please | how do I unsubscribe | you don't need to call me back | why don't you call me tomorrow
I'm not interested | who is this | don't call me before nine | call me back later | um
""")


@pytest.mark.parametrize("text", SPOKEN)
def test_a_spoken_wish_not_to_be_called_opts_out(text: str) -> None:
    assert is_spoken_opt_out(text)


@pytest.mark.parametrize("text", [*NOT_SPOKEN, ""])
def test_a_spoken_interruption_does_not(text: str) -> None:
    assert not is_spoken_opt_out(text)


def test_there_are_enough_examples_of_each_kind() -> None:
    assert len(set(CLEAR)) - 8 >= 60
    assert len(set(ORDINARY)) - 8 >= 60


decoration = st.text(' \t\n.,!?*"“”’()🛑🙏\u200b\u200d\ufe0f-_~', max_size=12)


@given(decoration, st.sampled_from(sorted(OPT_OUT_WORDS)), decoration, st.sampled_from([str.upper, str.title, str]))
def test_punctuation_case_and_emoji_do_not_hide_an_opt_out(before: str, word: str, after: str, case: type[str]) -> None:
    if ">" not in before:
        assert meaning(before + case(word) + after) is Meaning.OPT_OUT


@given(st.text(max_size=300))
def test_any_text_has_a_meaning_and_reading_it_twice_changes_nothing(body: str) -> None:
    found = classify(body, opted_out=False)
    assert found == classify(body, opted_out=False)
    assert (found.tier is None) == (found.matched is None) == (found.meaning is Meaning.ORDINARY)
    assert normalise(normalise(body)) == normalise(body)


STURDY = examples("""
stop texting me | take me off your list | do not call me again | wrong number | unsubscribe me | remove my number
no more texts | leave me alone | opt me out | I revoke my consent | I don't want your messages
""")


@given(
    st.sampled_from(["", "Hi there. ", "Hello, ", "😡 ", "This is Ann. ", "not again, "]),
    st.sampled_from(STURDY),
    st.sampled_from(["", ".", "!!!", " thank you", " or I call the police", " 🛑", "\n\nAnn"]),
)
def test_words_around_a_clear_phrase_do_not_hide_it(before: str, phrase: str, after: str) -> None:
    assert meaning(before + phrase + after) is Meaning.OPT_OUT


@pytest.mark.parametrize(
    "unit",
    [
        *[
            "a",
            "a ",
            "stop ",
            "stop x ",
            "stop the ",
            "stop with all of the these ",
            "stop all of the spam text phone ",
        ],
        *["dont ever please ", "dont want to receive spam spam ", "no more of ", "cancel all the text ", "\n", " "],
        *["liked “", "\nliked “", ">\n", ". stop ", "s t o p ", "want to ", "remove my cell ", "can you please not "],
        *["é", "a\u0301", "👍", "\ufdfa", "'", "i dont call ", "cant stop ", "who the x are ", "dont call me before "],
    ],
)
def test_the_longest_message_is_read_in_five_milliseconds(unit: str) -> None:
    body = (unit * 1600)[:1600]

    assert best_of_five(lambda: classify(body, opted_out=False)) < 0.005
    assert best_of_five(lambda: is_spoken_opt_out(body)) < 0.005


def best_of_five(read: Callable[[], object]) -> float:
    """Seconds of the quickest of five runs: what reading takes while nothing else holds the processor."""

    def once() -> float:
        begun = time.perf_counter()
        read()
        return time.perf_counter() - begun

    return min(once() for _ in range(5))


def test_the_word_sets_do_not_overlap() -> None:
    assert not OPT_OUT_WORDS & HELP_WORDS
    assert not OPT_OUT_WORDS & OPT_IN_WORDS
    assert not HELP_WORDS & OPT_IN_WORDS
