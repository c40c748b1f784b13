"""The transcript as the report prints it: sentences in paragraphs, each knowing the moment it belongs to."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from moments_ray.moments.report.document import Moment
from moments_ray.speech.sentences import Sentence, sentences
from moments_ray.speech.transcript import Transcript

_LONGEST_PARAGRAPH = 8  # sentences
PART_SECONDS = 300.0


@dataclass(frozen=True)
class Passage:
    """A paragraph of sentences that are all in one moment (its place in the document's list), or in none."""

    moment: int | None
    sentences: tuple[Sentence, ...]

    @property
    def start(self) -> float:
        """Seconds."""
        return self.sentences[0].start


def passages(transcript: Transcript | None, moments: Sequence[Moment]) -> tuple[Passage, ...]:
    """Part a transcript into paragraphs at the moments' edges, and every eight sentences between them."""
    if transcript is None:
        return ()
    owned = [(_owner(sentence, moments), sentence) for sentence in sentences(transcript)]
    return tuple(
        passage
        for owner, group in groupby(owned, key=lambda pair: pair[0])
        for passage in _paragraphs(owner, [sentence for _, sentence in group])
    )


def parts(said: Sequence[Passage]) -> tuple[tuple[float, tuple[Passage, ...]], ...]:
    """Part a long transcript every five minutes; each part with the time (seconds) of its beginning."""
    return tuple(
        (part * PART_SECONDS, tuple(group))
        for part, group in groupby(said, key=lambda each: int(each.start // PART_SECONDS))
    )


def _paragraphs(owner: int | None, said: Sequence[Sentence]) -> Iterator[Passage]:
    step = len(said) if owner is not None else _LONGEST_PARAGRAPH
    for first in range(0, len(said), step):
        yield Passage(owner, tuple(said[first : first + step]))


def _owner(sentence: Sentence, moments: Sequence[Moment]) -> int | None:
    """Return the moment that holds the middle of a sentence."""
    middle = (sentence.start + sentence.end) / 2
    return next((n for n, moment in enumerate(moments) if moment.start_time <= middle <= moment.end_time), None)
