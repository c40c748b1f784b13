"""Phrases said over and over: how recognisers that lost the speech go on."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from moments_ray.speech.scripts import has_letters, join_words
from moments_ray.speech.transcript import Segment, Word

LONGEST_PHRASE = 12  # words
FEWEST_TIMES = 4
FEWEST_WORDS = 8  # "no, no, no, no" is speech


@dataclass(frozen=True)
class Loop:
    """A phrase repeated back to back; times in seconds, ``words`` counts all of them from the word ``first`` on."""

    first: int
    start: float
    end: float
    text: str
    times: int
    words: int

    @property
    def phrase_words(self) -> int:
        """How many words the phrase has."""
        return self.words // self.times


def find_loops(words: Sequence[Word]) -> list[Loop]:
    """Find phrases of up to ``LONGEST_PHRASE`` words said ``FEWEST_TIMES`` times or more without a pause for others."""
    spoken = ["".join(char for char in word.text.casefold() if char.isalnum()) for word in words]
    loops = []
    index = 0
    while index < len(words):
        length, times = _longest_repeat(spoken, index)
        if (
            times >= FEWEST_TIMES
            and length * times >= FEWEST_WORDS
            and has_letters("".join(spoken[index : index + length]))
        ):
            last = index + length * times - 1
            text = join_words(word.text for word in words[index : index + length])
            loops.append(Loop(index, words[index].start, words[last].end, text, times, length * times))
            index = last + 1
        else:
            index += 1
    return loops


def without_repeats(
    words: Sequence[Word], segments: Sequence[Segment], loops: Sequence[Loop]
) -> tuple[list[Word], tuple[Segment, ...]]:
    """Keep each repeated phrase once, and of the segments over it what is then still said in them."""
    cut = [range(loop.first + loop.phrase_words, loop.first + loop.words) for loop in loops]
    gone = {index for indexes in cut for index in indexes}
    kept = [word for index, word in enumerate(words) if index not in gone]
    spans = [(words[indexes.start].start, words[indexes.stop - 1].end) for indexes in cut]
    rewritten = []
    for segment in segments:
        if not any(segment.start < end and segment.end > start for start, end in spans):
            rewritten.append(segment)
        elif said := [word for word in kept if segment.start <= (word.start + word.end) / 2 <= segment.end]:
            text = join_words(word.text for word in said)
            rewritten.append(segment.model_copy(update={"text": text, "start": said[0].start, "end": said[-1].end}))
    return kept, tuple(rewritten)


def _longest_repeat(spoken: Sequence[str], index: int) -> tuple[int, int]:
    """Return the phrase length and count of the repetition from ``index`` that takes most words."""
    best = (1, 1)
    for length in range(1, LONGEST_PHRASE + 1):
        matching = 0
        while index + length + matching < len(spoken) and spoken[index + matching] == spoken[index + length + matching]:
            matching += 1
        times = matching // length + 1
        if length * times > best[0] * best[1] and times > 1:
            best = (length, times)
    return best
