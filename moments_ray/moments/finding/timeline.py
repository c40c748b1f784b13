"""The words of a source laid out in time, and the places where cutting harms none of them."""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate

import numpy as np
import numpy.typing as npt

from moments_ray.moments.finding.cues import is_question
from moments_ray.moments.finding.terms import Floats, TermIndex, index_terms
from moments_ray.speech.sentences import Sentence, sentences
from moments_ray.speech.transcript import Transcript, Word

QUESTION_SECONDS = 30.0  # how far before its answer a question is looked for
_QUESTION_SENTENCES = 2
_LEAST_PUNCTUATED = 0.25  # of the stretches that a text was parted into


@dataclass(frozen=True)
class Timeline:
    """Words and sentences in time order; times in seconds.

    ``starts`` and ``ends`` are the sentences' edges, ``terms`` their terms; ``may_start`` and ``may_end`` tell whether
    a cut there goes through no other sentence's word. ``is_timed`` tells word times that were heard from such as were
    spread over their captions. ``dropped_words`` counts words whose times cannot be.
    """

    duration: float
    words: tuple[Word, ...]
    sentences: tuple[Sentence, ...]
    starts: Floats
    ends: Floats
    may_start: tuple[bool, ...]
    may_end: tuple[bool, ...]
    terms: TermIndex
    is_timed: bool = True
    dropped_words: int = 0
    _island_starts: list[float] = field(default_factory=list, repr=False)
    _island_ends: list[float] = field(default_factory=list, repr=False)

    @classmethod
    def of(cls, transcript: Transcript, duration: float) -> Timeline:
        """Lay out a transcript, leaving out words that end before they start or lie outside 0 to ``duration``."""
        possible = [word for word in transcript.words if 0 <= word.start <= word.end and word.start < duration]
        words = tuple(
            sorted(
                (word if word.end <= duration else word.model_copy(update={"end": duration}) for word in possible),
                key=lambda word: word.start,
            )
        )
        parts = sentences(transcript.model_copy(update={"words": words}))
        heard_until = list(accumulate((word.end for word in words), max))
        starts = [part.start for part in parts]
        ends = [heard_until[part.last_word] for part in parts]
        before = [0.0, *ends][: len(ends)]
        island_starts, island_ends = _islands(words)
        return cls(
            duration=duration,
            words=words,
            sentences=parts,
            starts=np.array(starts),
            ends=np.array(ends),
            may_start=tuple(start >= heard for start, heard in zip(starts, before, strict=True)),
            terms=index_terms([part.text for part in parts]),
            may_end=tuple(end <= start for end, start in zip(ends, [*starts, math.inf][1:], strict=True)),
            is_timed=not transcript.words_estimated,
            dropped_words=len(transcript.words) - len(words),
            _island_starts=island_starts,
            _island_ends=island_ends,
        )

    @cached_property
    def is_punctuated(self) -> bool:
        """Tell whether punctuation marks the ends of sentences at all."""
        ends = sum(part.ends_sentence for part in self.sentences)
        return ends >= _LEAST_PUNCTUATED * max(1, len(self.sentences))

    @cached_property
    def asks(self) -> npt.NDArray[np.bool_]:
        """Which sentences ask what wants an answer."""
        return np.array([is_question(part.text) for part in self.sentences], dtype=bool)

    def question_of(self, first: int) -> int | None:
        """Return the sentence that asks what sentence ``first`` begins to answer, None where there is none near.

        It is the first question of the turn just before, or, where no speakers are known, of the two sentences before.
        """
        if not first or self.asks[first]:
            return None
        parts = self.sentences
        if parts[first].speaker is None:
            earliest = max(0, first - _QUESTION_SENTENCES)
        elif parts[first].opens_turn:
            earliest = first - 1
            while earliest > 0 and not parts[earliest].opens_turn:
                earliest -= 1
        else:
            return None
        near = [at for at in range(earliest, first) if self.asks[at] and self.may_start[at]]
        near = [at for at in near if self.starts[first] - self.starts[at] <= QUESTION_SECONDS]
        return near[0] if near else None

    def without_sentences(self) -> Timeline:
        """Return the same words with nothing to go by but their times."""
        none = np.zeros(0)
        return replace(self, sentences=(), starts=none, ends=none, may_start=(), may_end=(), terms=index_terms([]))

    def gap_at(self, position: float) -> tuple[float, float] | None:
        """Return the wordless stretch a position lies in, edges included, or None inside a word."""
        following = bisect_left(self._island_starts, position)
        if following and self._island_ends[following - 1] > position:
            return None
        earliest = self._island_ends[following - 1] if following else 0.0
        # Where words touch, the wordless stretch between them is one point.
        latest = self._island_starts[following] if following < len(self._island_starts) else self.duration
        return earliest, max(earliest, latest)

    def nearest_gap(self, position: float) -> tuple[float, float]:
        """Return the wordless stretch a position lies in or is nearest to."""
        gap = self.gap_at(position)
        if gap is not None:
            return gap
        island = bisect_left(self._island_starts, position) - 1
        to_start, to_end = position - self._island_starts[island], self._island_ends[island] - position
        edge = self._island_starts[island] if to_start <= to_end else self._island_ends[island]
        earliest = self._island_ends[island - 1] if island else 0.0
        if edge == self._island_starts[island]:
            return min(earliest, edge), edge
        latest = self._island_starts[island + 1] if island + 1 < len(self._island_starts) else self.duration
        return edge, max(edge, latest)

    def is_on_sentence(self, start: float, end: float) -> bool:
        """Tell whether a stretch starts in the wordless gap before a sentence and ends in the gap after one.

        A piece of a sentence that was parted because it was long is none.
        """
        before, after = self.gap_at(start), self.gap_at(end)
        if before is None or after is None or not self.sentences:
            return False
        opening = int(np.searchsorted(self.starts, start, "left"))
        closing = int(np.searchsorted(self.ends, end, "right")) - 1
        return (
            opening < len(self.starts)
            and bool(self.starts[opening] <= before[1])
            and self.begins_sentence(opening)
            and closing >= 0
            and bool(self.ends[closing] >= after[0])
            and (self.sentences[closing].ends_sentence or closing == len(self.sentences) - 1)
        )

    def begins_sentence(self, at: int) -> bool:
        """Tell the beginning of a sentence or turn from that of a piece which goes on with the one before."""
        part = self.sentences[at]
        return at == 0 or part.opens_turn or self.sentences[at - 1].ends_sentence


def _islands(words: Sequence[Word]) -> tuple[list[float], list[float]]:
    """Join words that overlap; words that only touch stay apart, because between them a cut harms neither."""
    starts: list[float] = []
    ends: list[float] = []
    for word in words:
        if ends and word.start < ends[-1]:
            ends[-1] = max(ends[-1], word.end)
        else:
            starts.append(word.start)
            ends.append(word.end)
    return starts, ends
