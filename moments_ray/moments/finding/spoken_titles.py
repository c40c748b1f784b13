"""Titles that a moment says itself: its own short question, or its strongest short sentence, cleaned of fillers."""

from __future__ import annotations

import re
from collections.abc import Callable

from moments_ray.moments.finding import cues
from moments_ray.moments.finding.terms import tokens
from moments_ray.moments.finding.timeline import Timeline

_FEWEST_WORDS, _MOST_WORDS = 4, 12
_MOST_WORDS_OF_A_STATEMENT = 10
_LONGEST = 80  # characters
_QUESTION_BONUS = 2.0
_LATE = 0.5  # what a sentence at the end of the moment loses
_POINTING = 0.6  # what a word that points elsewhere leaves of a sentence's worth
_LEAST_CONTENT = 2
_TELLING_TERMS = 6  # a title has one of the words that tell these sentences best from the rest
_MOST_COMMAS = 2
_FILLER_START = re.compile(
    r"^(?:(?:and|but|so|okay|ok|yeah|yes|yep|no|well|right|now|oh|ah|um+|uh+|er+|hm+|mhm|like|also|anyway|again|cool|great"
    r"|all right|alright|sure|exactly|i mean|you know|i guess|i think|i was wondering|i wonder|let me ask you"
    r"|my question is|the question is|then|or|because|actually|basically|just|then again|maybe|first of all|of course"
    r"|whereas|while|though)"
    r"\b[,.!;:\s–—-]*)+",
    re.IGNORECASE,
)
_FILLER_INSIDE = re.compile(
    r"(?:,\s*|\s+)(?:um+|uh+|er+|you know|i mean|like,|sort of|kind of)(?=[,\s])", re.IGNORECASE
)
_STUTTER = re.compile(r"\b(\w+(?:['’]\w+)?(?:\s+\w+(?:['’]\w+)?)?)(?:,?\s+\1\b)+", re.IGNORECASE)
_TAG = re.compile(
    r",\s*(?:right|no|yes|yeah|okay|ok|huh|eh|you know|correct|isn't it|don't you think)(?=\s*[?.!]?$)",
    re.IGNORECASE,
)
_LAST_QUESTION = re.compile(r".*[,;:–—-]\s*(?=(?:what|why|how|who|when|where|which)\b(?:\s+\S+){3,})", re.IGNORECASE)
_LEADING_PRONOUN = re.compile(
    r"^(?:i|you|we|he|she|it|they|this|that|these|those|there|here|my|your|our|his|her|its|their|me|us|them|him|one)"
    r"(?:'|’|\b)",
    re.IGNORECASE,
)
_POINTS_ELSEWHERE = re.compile(
    r"\b(?:it|that|this|these|those|they|them|he|she|him|her|there|here|i|me|my)\b", re.IGNORECASE
)


def spoken_titles(
    timeline: Timeline, first: int, last: int, *, worth: Callable[[str], float], is_content: Callable[[str], bool]
) -> list[str]:
    """Return what sentences ``first`` to ``last`` say that can stand as a title, best first.

    Args:
        timeline: the sentences.
        first: the first sentence.
        last: the last one, inclusive.
        worth: how telling a token is of these sentences.
        is_content: tells a word that carries meaning from one that only joins.
    """
    heard = {token for part in timeline.sentences[first : last + 1] for token in tokens(part.text) if is_content(token)}
    ranked = sorted((worth(token) for token in heard), reverse=True)
    least = max(ranked[min(len(ranked), _TELLING_TERMS) - 1], 1e-9) if ranked else 0.0
    found: list[tuple[float, int, str]] = []
    for at in range(first, last + 1):
        part = timeline.sentences[at]
        if not part.ends_sentence:
            continue
        asks = bool(timeline.asks[at])
        title = _cleaned(part.text, asks=asks)
        words = title.split()
        most = _MOST_WORDS if asks else _MOST_WORDS_OF_A_STATEMENT
        if not asks and (_POINTS_ELSEWHERE.search(title) or cues.ANNOUNCING.search(title) or not _is_plain(title)):
            continue
        if not _FEWEST_WORDS <= len(words) <= most or len(title) > _LONGEST or _LEADING_PRONOUN.match(title):
            continue
        content = [word for word in words if is_content(word)]
        values = [max((worth(token) for token in tokens(word)), default=0.0) for word in content]
        value = sum(values) / len(words) ** 0.5
        if (
            len(content) < _LEAST_CONTENT
            or max(values) < least
            or cues.GREETING.search(title)
            or cues.SPONSORING.search(title)
        ):
            continue
        value *= _POINTING ** len(_POINTS_ELSEWHERE.findall(title))
        value *= (_QUESTION_BONUS if asks else 1.0) * (1.0 - _LATE * (at - first) / (last - first + 1))
        found.append((-value, at, title))
    return [title for _, _, title in sorted(found)]


def _is_plain(title: str) -> bool:
    """Tell a sentence that goes straight on from one that turns, breaks off or begins in the midst of a thought."""
    first = tokens(title)[:1]
    return title.count(",") < _MOST_COMMAS and "…" not in title and first != [] and first[0] not in cues.LEANING_OPENERS


def _cleaned(text: str, *, asks: bool) -> str:
    """Return a sentence without fillers, stutters and tags, with a capital first; of a question its last part."""
    line = " ".join(text.split()).strip("\"'“”‘’«»()[] ")
    line = _FILLER_INSIDE.sub("", _FILLER_START.sub("", line))
    line = _TAG.sub("", _STUTTER.sub(r"\1", line))
    if asks:
        line = _FILLER_START.sub("", _LAST_QUESTION.sub("", line))
    line = line.rstrip(" .,;:!–—-…") if not asks else line.rstrip()
    return line[:1].upper() + line[1:]
