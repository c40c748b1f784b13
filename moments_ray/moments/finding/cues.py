"""The few English words the finder knows; in other languages these cues say nothing and the others decide."""

from __future__ import annotations

import re


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# What carries a sentence but never a title. Other languages' are inferred from the text (``titles``).
FUNCTION_WORDS = _words(
    """
    a able about above actually after again ago all almost along already also although always am among an and
    another any anybody anyone anything anyway are aren around as at away back bad basically be because been before
    being below best better between big bit both but by came can cannot certain come comes coming could couldn
    couple course day did didn different do does doesn doing don done down during each either else enough especially
    etc even ever every everybody everyone everything exactly example except fact far few find first for from gave
    get gets getting give gives go goes going gone gonna good got great guess had hadn happen happened happens hard
    has hasn have haven having he her here hers herself hey him himself his hmm how however if important in indeed
    instead interesting into is isn it its itself just keep kind kinda kinds knew know known last least let lets
    like little ll long look looking lot lots made make makes making many matter may maybe me mean means might mine
    more most much must my myself need needs neither never new next nice no nobody none nor not nothing now
    obviously of off often oh ok okay old on once one ones only onto or other others our ours out over own part
    people perhaps please point possible pretty probably problem put question quite rather re really reason right
    said same saw say saying says second see seem seems seen several she should shouldn show since so some somebody
    somehow someone something sometimes sort start started still stuff such sure take takes taking talk talking tell
    than thank thanks that the their them themselves then there these they thing things think thinking this those
    though thought three through time times to today together told too took totally true try trying two uh um under
    until up upon us use used using usually ve very want wanted wants was wasn way ways we well went were weren what
    whatever when where whether which while who whole whose why will with within without won work working works
    would wouldn yeah year years yep yes yet you your yours terms general sense bunch guys
    """
)
# Nouns that any talk has, and what is said of them: they say how something is spoken about, and not of what.
_GENERAL = _words(
    """
    account action advice alternative amount angle answer approach area argument article aspect attempt attitude
    author background basis beginning behavior belief benefit bigger broad case category cause challenge chance
    change chapter choice circumstance clean cleaner clear clever close combination comment common comparison
    complex complexity complicated component concept concern conclusion condition consequence context conversation
    cool core crazy criterion current decision default definition degree description desire detail difference
    difficult difficulty direction discussion distinction dozen easiness easy edge effect effort element end entire
    episode error event evidence exact example exciting existing experience explanation expression extent extra
    factor failure favorite feature feedback feeling field final fine focus folks force form forward full fun function
    future gain general goal group growing guess guest hand handle happy helpful high history hope hour huge hundred
    idea impact implication importance impression improvement individual information initial inspiration intention
    interest introduction issue item iterative job key kid kind large larger later layer lesson level list listener
    logic long low main major manner material member mention method million minor minute moment month motivation
    move name nature note notion number obvious opinion opportunity option order original outcome pace page
    paragraph particular path pattern perfect person perspective phase phrase piece place plan podcast position
    possibility post potential practice previous principle priority procedure process product program progress
    project proper property proposal prospect purpose quick range real reality reference regard relation relevant
    requirement respect response result role rough rule sake sample scenario scope section selection sentence
    separate series serious set setting shape short show side similar simple single situation size small solution
    special specific spirit stage standard statement status step story strategy strong structure style subject
    substantial summary super surprise system target task team technical technique tendency text theme theory
    thought ton topic total tradeoff trend trick trouble truth type typical unique unit usual value variant variety
    version view vision week weird whatever wide wonderful word world wrong
    """
)
CONNECTORS = frozenset({"of", "in", "for", "and"})
ARTICLES = frozenset({"the", "a", "an"})
LOWER_IN_TITLES = CONNECTORS | ARTICLES | {"or", "to", "on", "by", "at", "as", "with", "from"}

# What stands before a noun phrase, and what stands before a verb.
BEFORE_NOUNS = _words(
    """
    a about an any at between by each every for from her his in into its my no of on our some the their these this
    those through whose with without your
    """
)
BEFORE_VERBS = _words(
    """
    can could didn doesn don he i it let lets ll may might must not she should they to we who will won would you
    """
)

# A sentence that begins so leans on the one before it.
LEANING_OPENERS = _words(
    """
    also and anyway because but exactly he her him it its like mhm no nope oh ok okay or plus right she so sure that
    their them then there these they this those too uh um well which who yeah yep yes
    """
)
CONTRASTS = _words(
    """
    actually although but contrary despite except however instead mistake myth never nevertheless nobody nothing
    rather surprisingly though unfortunately unlike whereas wrong yet
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

# What a sentence says that opens a part of a talk: it announces, moves on, or asks somebody to speak.
ANNOUNCING = re.compile(
    r"\b(?:let'?s|let us|let me|we'?re (?:going to|gonna)|i(?:'d| would) (?:like|love) to|"
    r"i(?:'m| am) (?:going to|gonna)|today)\b",
    re.IGNORECASE,
)
MOVING_ON = re.compile(
    r"\b(?:next|moving on|move on|another (?:question|topic|thing|one)|"
    r"(?:first|second|third|last|final)(?:ly)? (?:question|topic|thing|part|point)|speaking of|switch(?:ing)? gears|"
    r"back to|get into|dive into|dig into|jump into|talk about|the other|in terms of|with regards? to|as for|"
    r"turning to|start with|before we)\b",
    re.IGNORECASE,
)
ASKING = re.compile(
    r"\b(?:you (?:mentioned|said|talked|wrote|were saying|touched)|(?:can|could|would|do|did|are|have|were) you|"
    r"how (?:do|does|did|is|are|would|can|about)|what (?:is|are|do|does|did|was|about|would)|what'?s|"
    r"why (?:is|are|do|does|did|would)|tell (?:us|me|our)|explain|walk (?:us|me)|who (?:is|are)|curious|wondering|"
    r"i wonder|your (?:thoughts|take|opinion))\b",
    re.IGNORECASE,
)
FRESH_OPENERS = _words("all alright anyway awesome cool great now ok okay right so well yeah")
TAG_QUESTION = re.compile(
    r"(?:right|no|yes|yeah|okay|ok|huh|eh|you know|correct|make sense|you know what i mean|"
    r"(?:is|isn't|are|aren't|was|wasn't|do|don't|does|doesn't|did|didn't|can|can't|will|won't|would|wouldn't)"
    r" (?:it|you|they|that|we|he|she|i))$",
    re.IGNORECASE,
)
_FEWEST_WORDS_OF_A_QUESTION = 3


def is_question(text: str) -> bool:
    """Tell a question that wants an answer; "right?" and "isn't it?" at a statement's end want none."""
    bare = text.strip().rstrip("\"'”’»)] ")
    if bare[-1:] not in QUESTION_MARKS or not bare:
        return False
    said = bare.rstrip(QUESTION_MARKS + "!. ")
    tagged = TAG_QUESTION.search(said.replace("’", "'"))
    if tagged is None:
        return (
            len(said.split()) >= _FEWEST_WORDS_OF_A_QUESTION
            or not said.isascii()  # scripts without spaces, and words of languages we do not know
            or bool(_QUESTION_START.match(said))
        )
    before = said[: tagged.start()].rstrip()
    return bool(before) and not before.endswith(",") and bool(_QUESTION_START.match(said)) and len(said.split()) > 3


_ORDINAL = re.compile(r"\d+(?:st|nd|rd|th)")
_QUESTION_START = re.compile(
    r"(?:(?:and|but|so|okay|ok|now|well|then|or) )*(?:what|why|how|who|when|where|which|whose"
    r"|(?:is|are|was|were|do|does|did|can|could|will|would|should|have|has|had|may|might)(?:n['’]t)?)\b",
    re.IGNORECASE,
)


def opens_as_question(text: str) -> bool:
    """Tell a question by its first word, whatever it ends on; where we do not know the language its mark is enough."""
    bare = text.strip().rstrip("\"'”’»)] ")
    return bare[-1:] in QUESTION_MARKS and bare != "" and (not bare.isascii() or bool(_QUESTION_START.match(bare)))


def is_general(word: str) -> bool:
    """Tell a noun that any talk has, in the singular or the plural, or what is commonly said of one."""
    token = word.casefold().strip(".,;:!?\"'()")
    singular = {token, token.removesuffix("s"), token.removesuffix("es")}
    return _ORDINAL.fullmatch(token) is not None or not singular.isdisjoint(_GENERAL)
