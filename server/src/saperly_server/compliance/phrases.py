"""The words and phrases about being contacted, as data; `keywords` reads them.

Words are whole normalised messages. Phrases are regular expressions over normalised words (lower case, one
space between words, no accents or punctuation); every gap in them is bounded, so reading stays linear.
"""

from __future__ import annotations


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# The seven words of 47 CFR 64.1200(a)(10), carrier practice (CTIA), and other languages.
OPT_OUT_WORDS = (
    _words("stop quit end revoke cancel unsubscribe")
    | {"opt out", "stop all"}
    | _words("stopall optout remove")
    | _words("arret alto parar basta cancelar baja")
)
HELP_WORDS = _words("help info aide ayuda")
OPT_IN_WORDS = _words("start unstop")
AGREEMENT = "yes"
"""Opts in only somebody who is opted out, or who was just asked to confirm."""

# An opt-out word with nothing but courtesy around it ("stop please", "ok unsubscribe me now").
UNMISTAKABLE_WORDS = _words(
    "unsubscribe unsubcribe unsuscribe unsubscrib unsubsribe unsubscibe unsub optout stopall revoke"
)
STRONG_WORDS = UNMISTAKABLE_WORDS | _words("stop stopp stp sotp stpo stahp remove")
WEAK_WORDS = _words(
    "end quit cancel discontinue alto basta parar arret baja cancelar detente detengase pare arrete arretez"
)
COURTESY = _words(
    "please pls plz plse kindly now thanks thank thx ty you sir maam ok okay por favor gracias svp merci ya"
)
CHATTER = COURTESY | _words(
    "me us all just hey hi hello no yes so seriously already immediately asap right away damn fucking ffs"
)
DISFLUENCIES = _words("um umm uh uhh er erm hmm mm ah")

_ING = (
    "texting|textin|txting|txtng|calling|callin|messaging|messagin|msging|contacting|sending|emailing|e mailing|phoning"
    "|ringing|dialing|dialling|bothering|harassing|pestering|spamming|bugging|soliciting|blowing up my phone"
    "|hitting me up"
)
_DO = "text|txt|call|message|msg|contact|email|e mail|phone|ring|dial|bother|spam|harass|bug|solicit"
_THINGS = (
    "texts|txts|text messages?|messages?|msgs?|calls|phone calls?|robocalls?|sms|emails?|alerts?|ads|spam"
    "|notifications?|reminders?|promos?|promotions?|updates|communications?|contact|solicitations?|marketing"
)
_SUCH = (
    "(?:(?:with|all|of|the|these|those|this|your|ur|any|more|further|future|such|sending|getting|receiving"
    "|me|us|automated|annoying|unwanted|stupid|damn|fucking|promotional|daily|constant|spam|text|phone|sms"
    ") ){0,5}"
)
_NUMBER = "(?:my|our|this|his|her) (?:(?:cell|phone|mobile|home|work) )?(?:number|phone|cell|contact info|info)"
_WHO = f"(?:me|us|myself|my name|our name|the number|{_NUMBER})"
_NEVER = (
    "(?:dont(?: you)?|do not|dnt|please not|not to|(?:can|could|would|will) (?:you|u|yall) (?:please )?not"
    r"|(?<!you )(?<!they )(?<!\bi )(?<!we )never)(?: ever| please| fucking| dare){0,2}"
)
_AT_ME = (
    "(?:me|us|here|again|anymore|any more|ever|please|pls|thanks|thank you|this (?:number|phone|line)"
    r"|my (?:\S+ )?(?:number|phone|cell|mobile|house|home|office|job|work))"
)
_NO_WISH = "(?:dont|do not|no longer) (?:want|wanna|wish|care|need|like)"

CLEAR_PHRASES = (
    rf"(?:stop|quit|cease|discontinue) (?:\S+ )?(?:{_ING})",
    rf"(?:stop|quit|cease|discontinue|turn off) {_SUCH}(?:{_THINGS})",
    r"(?:put|putting) a stop to|stop (?:text|txt|call|message|msg|contact|email|sms)",
    r"(?:cancel|end|disable) (?:(?:all|these|those|your|ur|the|my|text) ){0,3}(?:texts|messages|calls|alerts|sms)",
    rf"subscription to (?:these|your|the|this) (?:{_THINGS})",
    rf"{_NEVER} (?:(?:{_DO}) (?:or|and|nor) )?(?:{_DO}) {_AT_ME}",
    r"(?:dont|do not) (?:ever |please )?(?:\S+ or )?(?:text|txt|call|message|msg|contact|email|solicit)$",
    r"(?:dont|do not) (?:hit|disturb) (?:me|us)",
    rf"(?:dont|do not) (?:keep|bother|be) (?:{_ING})",
    rf"{_NEVER} send {_SUCH}(?:{_THINGS}|stuff)",
    rf"{_NEVER} send (?:me|us) (?:any ?more|anything|more|these|those|things|shit|crap)",
    rf"no more {_SUCH}(?:{_THINGS}|texting|calling|messaging|contacting)|no more of (?:this|these)",
    r"^no more(?: please| pls| thanks)?$",
    r"^no (?:texts|calls|messages|texting|calling|solicit\S+)$",
    r"(?:please|pls) no (?:texts|calls|messages)|no (?:texts|calls|messages) (?:please|pls|thanks|thank you)",
    rf"(?:take|pull|scratch) {_WHO} (?:completely )?off(?! (?:road|guard|grid|speaker|hold|mute|work|early))",
    rf"get {_WHO} off (?:of )?(?:your|ur|this|the|that|any|all)",
    r"block (?:me|us|my number)",
    rf"(?:remove|delete|erase|purge) {_WHO}|(?:lose|forget) {_NUMBER}",
    r"remove (?:from|off) (?:your|ur|this|the|all) (?:\S+ ){0,2}lists?",
    r"leave (?:me|us) (?:the \S+ )?(?:alone|be)|go away|get lost|cease and desist|desist",
    r"unsub(?:scribe)? (?:me|us|my|this|from|please|pls|now)",
    rf"opt {_WHO} out|opting out|(?<!can )(?<!do )(?<!could )(?<!may )i(?:ve)? (?:already |have )?opt(?:ed)? out",
    r"(?:want|wanna|like|love|wish|need|trying|asked|asking|prefer|demand|request) (?:you )?(?:to )?(?:unsubscribe"
    r"|opt out|stop (?:receiving|getting)|be (?:removed|unsubscribed|opted out|taken off|left alone))",
    r"(?:revok|withdraw|rescind)(?:e|ing)? (?:\S+ )?(?:consent|permission|authori[sz]ation)|consent (?:is )?revoked",
    r"(?:dont|do not|didnt|did not|never) (?:consent|g[ia]ve (?:you )?(?:my )?(?:consent|permission))",
    rf"{_NO_WISH} (?:to )?(?:hear from|be (?:contacted|called|texted|messaged|bothered))",
    rf"{_NO_WISH}(?: to)?(?: receive| get)? {_SUCH}(?:{_THINGS})",
    r"do not call (?:list|registry|database)|dnc(?: list)?|no call list",
    r"wrong (?:phone )?number|(?:have|got|reached|texting|calling) the wrong person|^(?:sorry )?wrong person",
    r"(?:have|got) the wrong$|^wrong no$",
    r"(?:isnt|not|no longer) (?:his|her|their|\S+s) (?:number|phone)",
    # Spanish and French
    r"no me (?:llame|escriba|texte|contacte|moleste)[ns]?|no me (?:mand|envi)\w+ (?:mas )?(?:mensaj|text)\w+",
    r"no mas (?:mensajes|llamadas|textos)|numero equivocado|dejen?me en paz",
    r"(?:deja|deje|dejen|para|pare|paren) de (?:llamar|mandar|enviar|escribir|molestar)\w*",
    r"(?:quit|sac|saqu|borr|elimin)[ae]n?(?:me| mi numero)",
    r"(?:arrete|cesse)[zr]? de (?:m|me |nous )?(?:appele|envoye|ecri|contacte|texte)\w*",
    r"ne (?:m|me )(?:appele|contacte|ecrive)\w+ plus|(?:mauvais|faux) numero|desabonne\w*|desinscri\w+",
)

# Clear in writing only: on a call these words stop the agent's sentence, not the calls.
CLEAR_IN_WRITING = (
    r"stop (?:it|this|that)(?: now| already| please| pls| immediately)?$",
    r"(?:please|pls|plz|just|kindly) stop$|stop (?:please|pls|plz|now|immediately|asap)$",
    r"(?:can|could|would|will) (?:you|u|yall) (?:please |pls |just |all )?(?:stop|quit)$",
    r"(?:i|ive) (?:have )?(?:already )?(?:said|asked|told|texted|replied) (?:you |u |yall )?(?:to )?stop",
    r"tell(?:ing)? (?:you|u|yall|them) to stop",
    r"^stop (?:i|im|ive|id|we|you|u|this is|not|already|who|wrong|never|or)",
    r"^stop ?(?:to|2) ?(?:end|quit|cancel|opt ?out|unsubscribe)$|^(?:reply|text|send|type) stop$",
    r"^(?:end|quit) (?:it|this)(?: now| please)?$",
)

# A wish with a time, a condition or another channel: for a person to read.
LIMITED_PHRASES = (
    rf"(?:dont|do not) (?:{_DO}) (?:me |us )?(?:before|until|till|til|after(?! this)|while|during|between"
    r"|unless|today|tonight|tomorrow|now|right now|yet|at night|(?:so|this|too|that) (?:early|late)"
    r"|on (?:week|mon|tues|wednes|thurs|fri|satur|sun)\S+)",
    r"(?:text|call|email) (?:me )?(?:instead )?(?:dont|do not) (?:call|text)(?: me)?",
    r"(?:dont|do not) (?:call|text) (?:me )?(?:just |please |pls |only )?(?:text|txt|email|call)",
)

# Ordinary speech that happens to hold the words of the other lists.
ORDINARY_PHRASES = (
    r"(?<!you )(?<!they )(?<!guys )(?:dont|do not|never) stop",
    r"(?:cant|cannot|can not|couldnt)(?: seem to| just)? stop"
    r"(?! (?:these|those|the|your|this|them|getting|receiving) )",
    r"stop (?:by|in|over|off|at(?! once)|for(?! good| ever)|along|here|there|on the way)",
    r"stop (?:signs?|lights?|loss|watch)|(?:a|the) stop(?! to )",
    r"stop (?:to|and) (?:pick|get|eat|grab|see|say|buy|drop|smell|shop|look|think|rest|charge|check)",
    r"stop (?:rain|snow|hurt|bleed|smok|drink|work|runn|leak|cry|laugh|worry|eat|tak)\w*ing",
    r"(?:bus|truck|rest|pit|next|last|first|final|one|non|full|short|quick|subway|train|tram) stop",
    r"(?:my|your|each|every|which|what) stop",
    rf"(?:end|quit|cancel) (?:of|my|the|our|his|her|a|that) (?!(?:{_THINGS}|subscription)\b)\S+",
    r"wrong number of|spam (?:folder|filter|box)|(?:in|to|my|your) spam|reported (?:the|a|an|my|our) \S+",
    r"remove (?:the|a|an|one|some|those) (?!number|phone|name|contact|line|list)\S+",
    rf"(?:i|we) (?:dont|do not) (?:{_DO})",
    rf"(?:if|why|when) (?:you |u |they |we )?(?:dont|do not) (?:you )?(?:{_DO})",
    r"(?:dont|do not) call me (?:crazy|names|sir|maam|stupid|lazy|baby|honey|weird|old)",
    r"(?:have|had|has|got|see|are|were|is|was|received) no (?:more|texts|calls|messages)",
)

UNCLEAR_PHRASES = (
    r"stop|stopall|unsub\w*|opt out|optout|revoke|remove|cease|do not disturb",
    r"not interested|uninterested|spam|reported|report(?:ing)? (?:you|this|it as)|scam|scammers?|phishing",
    r"who(?: i)?s this(?! for)|who (?:this|dis)|who (?:the \S+ )?are (?:you|u)(?= and| how| people|$)",
    r"(?:done with|tired of|sick of|enough of) (?:these|your|the|all)|^wrong$",
    r"how did (?:you|u) get (?:my|this) (?:number|info)",
    r"(?:never|didnt|did not) (?:sign|subscribe|ask)(?:ed|d)? (?:up|for)",
    r"(?:f|fuck|piss|bug|buzz|back) off|fuck (?:you|u)|screw you|shut up|go to hell|harass\w*|tcpa|fcc|ftc|sue you",
)
