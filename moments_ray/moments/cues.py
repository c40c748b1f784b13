"""The few English words the finder knows; in other languages these cues stay silent and the rest decides alone."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What carries a sentence but never a title. Other languages' are inferred from the text (``titles``).
FUNCTION_WORDS = _words(
    """
    a about above actually after again ago all almost already also although always am an and another any anybody anyone
    anything anyway are aren around as at away back basically be because been before being below between bit both but by
    came can cannot come comes coming could couldn did didn different do does doesn doing don done down during each
    either else enough especially etc even ever every everybody everyone everything exactly far few for from gave get
    gets getting give gives go goes going gone gonna got guess had hadn has hasn have haven having he her here hers
    herself hey him himself his hmm how however if in indeed instead into is isn it its itself just keep kind kinda knew
    know known last least let lets like little ll look looking lot lots made make makes making many may maybe me mean
    means might mine more most much must my myself need needs neither never next no nobody none nor not nothing now
    obviously of off often oh ok okay on once one ones only onto or other others our ours out over
    own part people perhaps please
    pretty probably put quite rather re really right said same saw say saying says see seem seems seen several she
    should shouldn show since so some somebody somehow someone something sometimes sort still stuff
    such sure take takes taking
    talk talking tell than thank thanks that the their them themselves then there these they thing things think thinking
    this those though thought through to together told too took totally try trying two uh um under until up upon us use
    used using usually ve very want wanted wants was wasn way ways we well went were weren what whatever when where
    whether which while who whole whose why will with within without won would wouldn yeah yep yes yet you your yours
    able along among bad best better big certain course day example fact find first good great happen happened happens
    hard important interesting kinds long matter new nice old possible problem question reason second start started
    three time times today true wasn work works working year years point couple
    """
)
CONNECTORS = frozenset({"of", "in", "for", "and"})
ARTICLES = frozenset({"the", "a", "an"})
LOWER_IN_TITLES = CONNECTORS | ARTICLES | {"or", "to", "on", "by", "at", "as", "with", "from"}

# What stands before a noun phrase, and what stands before a verb.
BEFORE_NOUNS = _words(
    """
    the a an this these those my your our their his her its some any every each no of in on for with about from by at
    into through between without whose
    """
)
BEFORE_VERBS = _words(
    """
    to i you we they he she it will would can could should must may might not don didn doesn won ll let
    lets who
    """
)

# A sentence that begins so leans on the one before it.
LEANING_OPENERS = _words(
    """
    and but or because so then also too which who that this these those it he she they him her them its their there
    yeah yep yes no nope right ok okay well oh um uh mhm exactly sure anyway plus like
    """
)
CONTRASTS = _words(
    """
    but however although though instead yet despite unlike whereas rather actually surprisingly unfortunately
    contrary except nevertheless never nobody nothing wrong mistake myth
    """
)
GREETING = re.compile(
    r"\b(?:welcome|(?:hello|hi|hey) (?:everyone|everybody|guys|folks|there)|"
    r"good (?:morning|evening|afternoon)|"
    r"thank(?:s| you)(?: \w+){0,3} for (?:watching|listening|joining|having|coming|tuning)|subscribe|"
    r"see you (?:next|in the next|soon)|without further ado|my name is)\b",
    re.IGNORECASE,
)
SPONSORING = re.compile(
    r"\b(?:sponsor(?:s|ed|ing)?|(?:promo|discount|coupon) codes?|use (?:the |my |our )?code|"
    r"free trial|affiliate|patreon|"
    r"links? (?:is |are )?(?:in|down) (?:the )?(?:description|below)|brought to you by)\b",
    re.IGNORECASE,
)
QUESTION_MARKS = "?\uff1f\u061f\u055e"
