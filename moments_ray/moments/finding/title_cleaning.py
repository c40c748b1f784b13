"""What is taken off a spoken sentence before it may stand as a title: fillers, stutters, tags, what only leads in."""

from __future__ import annotations

import re
from collections.abc import Callable

from moments_ray.moments.finding import cues
from moments_ray.moments.finding.terms import tokens


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


# An adverb leads in as well; what only looks like one stays.
_FILLER_START = re.compile(
    r"^(?:(?:and|but|so|okay|ok|yeah|yes|yep|no|well|right|now|oh|ah|um+|uh+|er+|hm+|mhm|like|also|anyway|again|cool"
    r"|great|all right|alright|sure|exactly|i mean|you know|i guess|i think|i believe|i was wondering|i wonder"
    r"|let me ask you|my question is|the question is|the thing is|then|or|because|actually|basically|just|then again"
    r"|maybe|first of all|of course|whereas|while|though|therefore|hence|thus|plus|somehow|for example|for instance"
    r"|in fact|let's start with|let us start with|\w+ly speaking"
    r"|(?:(?:more|most|quite|very) )?"
    r"(?!(?:early|only|family|supply|reply|fly|july|ally|italy|anomaly|assembly)\b)\w{3,}ly(?=\s|,))"
    r"(?![’'-])\b[,.!;:\s–—-]*)+",
    re.IGNORECASE,
)
_FILLER_INSIDE = re.compile(
    r"(?:,\s*|\s+)(?:um+|uh+|er+)(?=[,\s])"
    r"|,\s*(?:you know|i mean|like|sort of|kind of),(?=\s)"
    r"|(?<!\bwhat)(?<!\bthis)(?<!\bthat)(?<!\bsame)(?<!\bsome)(?<!\bany)(?<!\bthe)(?<!\bnew)(?<!\ba)"
    r"\s+(?:sort|kind) of(?: like)?(?=\s)",
    re.IGNORECASE,
)
_STUTTER = re.compile(r"\b(\w+(?:['’]\w+)?(?:\s+\w+(?:['’]\w+)?)?)(?:,?\s+\1\b)+", re.IGNORECASE)
_TAG = re.compile(
    r",\s*(?:right|no|yes|yeah|okay|ok|huh|eh|you know|correct|isn't it|don't you think)(?=\s*[?.!]?$)",
    re.IGNORECASE,
)
_ASKING = r"(?:what|why|how|who|when|where|which)\b"
_LAST_QUESTION = re.compile(
    rf".*[,;:–—-]\s*(?:(?:and|so|but|well|like|then|maybe|first of all)\s+)*(?={_ASKING}(?:\s+\S+){{2,}})",
    re.IGNORECASE,
)
# Where a question goes on with another one, or with a clause that hangs on it.
_NEXT_QUESTION = re.compile(
    rf",?\s+(?:and|or|but|then)\s+(?={_ASKING})"
    r"|,\s+(?=(?:when|where|which|who|whose|while|because|although|though|given|since|if|unless|as|so)\b)",
    re.IGNORECASE,
)
# "How does the oven, or how does the heat …": somebody begins again.
_RESTART = re.compile(r"^(\w+\s+\w+)\b.*?\b(?:or|rather|i mean),?\s+(?=\1\b)", re.IGNORECASE)
_HANGING = re.compile(
    r"\s+(?=(?:when|because|if|so that|while|unless|that (?:i|you|we|they|he|she|it)"
    r"|(?:that|who|which) (?:is|are|was|were|has|have|had|can|could|will|would))\b)",
    re.IGNORECASE,
)
_RELATIVE = re.compile(r"(?:who|which|whose)\b", re.IGNORECASE)
_AUXILIARY = (
    r"(?:(?:\s+(?:else|exactly|then))?\s+(?:is|are|am|was|were|do|does|did|can|could|will|would|should|shall|may|might"
    r"|must|have|has|had)(?:n['’]t)?\b|['’](?:s|re|d|ll|ve)\b)"
)
# A question has its verb before its subject, unless it asks for the subject: "where are the flowers", "who bakes".
_CLAUSE = re.compile(
    rf"(?:when|where|why)(?!{_AUXILIARY}|\s+(?:to|not|bother)\b)"
    rf"|how(?!{_AUXILIARY}|\s+(?:many|much|long|often|far|big|large|small|fast|slow|old|deep|hard|easy|good|bad|well"
    r"|close|likely|important|soon|early|late|high|low|few|about|come|to)\b)"
    r"|(?:what|who|which|whose|whom)\s+(?:i|you|we|he|she|it|they|this|that|these|those|there|the|an?|my|your|our|his"
    r"|her|its|their)\b",
    re.IGNORECASE,
)
_LEADING_PRONOUN = re.compile(
    r"^(?:i|you|we|he|she|it|they|this|that|these|those|there|here|my|your|our|his|her|its|their|me|us|them|him|one"
    r"|everybody|everyone|somebody|someone|something|anything|nothing|some|many|most of (?:it|them|us))(?:'|’|\b)",
    re.IGNORECASE,
)
# "that" joins as often as it points: it points where a verb or the sentence's end follows.
_POINTING = re.compile(
    r"\b(?:it|this|these|those|they|them|he|she|him|her|here|i|me|my|ones?|there(?!(?:'s|’s| is| are| was| were)\b)"
    r"|that['’]s|that(?=\s*[.,;:?!]|\s*$|\s+(?:is|was|would|will|can|could|has|had|does|did|kind|sort|one)\b))\b",
    re.IGNORECASE,
)
_BREAK = re.compile(
    r"(?:,?\s+(?:because|which|although|unless|whereas|until|so that|and then|but|so|and (?:i|you|we|they|it|that))\s"
    r"|[,;:–—]\s)",
    re.IGNORECASE,
)
_ANNOUNCING = re.compile(
    r"(?:\b(?:talk(?:ing)?|speak(?:ing)?|hear|learn|tell (?:us|me))\s+(?:a )?(?:little )?(?:bit )?(?:more )?about"
    r"|\b(?:mov(?:e|ing) on to|turn(?:ing)? to|(?:get|div|dig|jump|go)(?:e|ting|ing|ging)? into|go(?:ing)? over)"
    r"|^(?:the|our|another) (?:\w+ )?(?:one|thing|issue|point|topic|item|subject|example|part|step)(?: here)?"
    r" (?:is|was)(?: about| called)?)\s+(?:an?\s|the\s)?(.+)$",
    re.IGNORECASE,
)
_FINITE = _words(
    """
    is are was were has have had do does did can could cannot will would should may might must need needs want wants
    make makes made mean means get gets got become becomes became go goes went take takes took come comes came give
    gives gave let lets keep keeps kept know knows knew stands stood helps happens happened says said sees saw leads led
    holds held sends sent protects won lost allows allowed requires required creates created broke grows grew pays paid
    showed brings brought finds found thinks feels felt tells told solves solved remains seems appears exists depends
    consists contains includes provides prevents proves refers explains enables ensures avoids decides chooses believes
    loves fails succeeds began begins works
    """
)
_THERE_IS = re.compile(
    r"^there(?:['’]s|\s+(?:is|are|was|were))\s+(?:(?:also|just|still|really|always|now|somewhat|quite|pretty|an?|the)\s+)*(.+)$",
    re.IGNORECASE,
)
_CONTRACTED = re.compile(r"\w(?:n't|'(?:s|re|ve|ll|d))$")
_TORN_START = _words(
    """
    although as at because by even except for from how if in like of on such than to unless until when where whether
    which who whose why with
    """
)
_TORN_END = _words(
    """
    a about an and are as at be because been but by for from he her his i if in into is its just last like more most my
    next of on or our she so that the their these they this those to very was we were which who with you your
    """
)


def cleaned(text: str, *, asks: bool) -> str:
    """Return a sentence without fillers, stutters and tags, with a capital first; of a question its last part."""
    line = " ".join(text.split()).strip("\"'“”‘’«»()[] ")
    line = _FILLER_INSIDE.sub("", _FILLER_START.sub("", line))
    line = _TAG.sub("", _STUTTER.sub(r"\1", line))
    if asks:
        line = _RESTART.sub("", _FILLER_START.sub("", _last_question(line)))
    line = line.rstrip() if asks else line.rstrip(" .,;:?!–—-…")
    return line[:1].upper() + line[1:]


def _last_question(line: str) -> str:
    """Return the question that a sentence leads to, or all of it where what follows its last comma only hangs on it."""
    found = _LAST_QUESTION.match(line)
    rest = line[found.end() :] if found else line
    hangs = is_clause(rest) or (_RELATIVE.match(rest) and cues.opens_as_question(line))
    return line if hangs else rest


def is_clause(title: str) -> bool:
    """Tell a subordinate clause from a question of its own: "when it is dark", "what the rule is"."""
    return _CLAUSE.match(title) is not None


def main_clause(title: str) -> str:
    """Return a statement up to where a further clause or an aside begins."""
    return _BREAK.split(title, maxsplit=1)[0].rstrip(" ,;:")


def first_question(title: str) -> str:
    """Return the first of the questions that a sentence asks."""
    return _NEXT_QUESTION.split(title, maxsplit=1)[0].rstrip(" ,;:?") + "?"


def main_question(title: str) -> str:
    """Return a question up to the clause that hangs on it; empty where that leaves none that is whole."""
    head = _HANGING.split(title, maxsplit=1)[0].rstrip(" ,;:?")
    words = _bare_words(head)
    return "" if not words or words[-1] in _TORN_END or "between" in words else head + "?"


def announced(title: str) -> str:
    """Return what a sentence says that it is going to be about, with a capital first; empty where it does not."""
    return _subject(_ANNOUNCING.search(title))


def existing(title: str) -> str:
    """Return what a sentence says that there is, or is not: "no plan for the oven"; empty where it does not."""
    return _subject(_THERE_IS.match(title))


def _subject(found: re.Match[str] | None) -> str:
    if found is None:
        return ""
    subject = main_clause(found[1])
    return "" if not subject or is_torn(subject) or pointers(subject) else subject[:1].upper() + subject[1:]


def is_torn(title: str) -> bool:
    """Tell a piece of a sentence by its first word or its last one."""
    words = _bare_words(title)
    return words[0] in _TORN_START or words[-1] in _TORN_END


def is_statement(title: str, is_verb: Callable[[str], bool]) -> bool:
    """Tell a whole English statement from a fragment: it has a verb after a subject, and neither edge is torn."""
    words = _bare_words(title)
    first = words[0]
    if is_torn(title) or first in _FINITE or first.endswith("ed") or (len(first) == 1 and first != "a"):
        return False
    return any(word in _FINITE or _CONTRACTED.search(word) or is_verb(word) for word in words[1:-1])


def _bare_words(title: str) -> list[str]:
    return [word.casefold().replace("’", "'").strip(".,;:!?\"'()") for word in title.split()]


def opens_on_pronoun(title: str) -> bool:
    """Tell a title whose first word stands for something that was named before."""
    return _LEADING_PRONOUN.match(title) is not None


def pointers(title: str) -> int:
    """Count the words that point to what stands elsewhere."""
    return len(_POINTING.findall(title))


def is_unbroken(title: str) -> bool:
    """Tell a sentence that goes straight on from one that breaks off or strings clauses together."""
    return ", " not in title and "…" not in title and bool(tokens(title))
