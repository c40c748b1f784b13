"""Why a moment was chosen, in words that are true: how it opens, what it speaks of, what sets it off from the rest."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from moments_ray.moments.finding import cues
from moments_ray.moments.finding.query import Query
from moments_ray.moments.finding.scoring import SentenceScores
from moments_ray.moments.finding.site_view import SiteView
from moments_ray.moments.finding.terms import Floats, tokens
from moments_ray.moments.finding.timeline import Timeline

_QUOTED_WORDS = 8
_TELLING_TERMS = 3
_LEAST_WEIGHT = 0.7
_CLEAR_CHANGE = 0.6
_CLEAR_DIFFERENCE = 0.15  # in deviations, from the mean of the other candidates
_LONG_PAUSE_SECONDS = 0.8
_QUESTION_SENTENCES = 3
_ANSWER_SENTENCES = 2
_MOST_SAID = 3
_LONGEST_NAME = 40
_LONGEST_CHAPTER = 80
_SAYINGS = {
    "loudness": "is said louder than the other candidates",
    "pauses": "has longer pauses than the other candidates",
    "pace": "is spoken faster than the other candidates",
    "replays": "was replayed more often than the other candidates",
}


class Reasons:
    """Says of runs of sentences why they stand out among all ``runs`` that might have been chosen."""

    def __init__(
        self,
        timeline: Timeline,
        scores: SentenceScores,
        changes: Floats,
        query: Query,
        runs: Sequence[tuple[int, int]],
        *,
        site: SiteView | None = None,
    ) -> None:
        self._timeline = timeline
        self._changes = changes
        self._query = query
        self._site = site
        self._signals: Mapping[str, Floats] = scores.signals
        self._usual = {
            name: sum(float(values[first : last + 1].mean()) for first, last in runs) / max(1, len(runs))
            for name, values in scores.signals.items()
        }

    def of(self, first: int, last: int) -> str:
        """Return one or two sentences about the run from ``first`` to ``last``, inclusive."""
        said = [self._opening(first)]
        if self._holds_peak(first, last):
            said.append("holds the most replayed minute of the video")
        if matched := self._query.matched(first, last):
            said.append("speaks of what was asked for (" + ", ".join(matched) + ")")
        elif telling := self._telling(first, last):
            said.append("speaks of " + _listed(telling))
        said += self._differences(first, last)[:_MOST_SAID]
        return "; ".join(said) + "."

    def _holds_peak(self, first: int, last: int) -> bool:
        timeline = self._timeline
        return self._site is not None and self._site.holds_peak(
            float(timeline.starts[first]), float(timeline.ends[last])
        )

    def _opening(self, first: int) -> str:
        """Quote how the run opens, say who speaks where that is known, and what stands before it."""
        timeline = self._timeline
        part = timeline.sentences[first]
        words = " ".join(part.text.split()).split(" ")
        quoted = " ".join(words[:_QUOTED_WORDS]).rstrip(".,;:") + ("…" if len(words) > _QUOTED_WORDS else "")
        where = ["as the talk begins"] if first == 0 else []
        if title := self._site.chapter_title(first) if self._site else "":
            where.append(f'where the chapter "{title[:_LONGEST_CHAPTER]}" begins')
        elif first and self._changes[first] >= _CLEAR_CHANGE:
            where.append("where a new part begins")
        pause = timeline.starts[first] - timeline.ends[first - 1] if first and timeline.is_timed else 0.0
        if pause >= _LONG_PAUSE_SECONDS:
            where.append(f"after a pause of {pause:.1f} s")
        who = f"{part.speaker[:_LONGEST_NAME]} opens" if part.speaker else "Opens"
        return f'{who} with "{quoted}"' + (" " + " ".join(where) if where else "")

    def _telling(self, first: int, last: int) -> list[str]:
        """Return the words that the run uses much more often than the rest of the talk."""
        terms = self._timeline.terms
        inside = terms.bag(first, last)
        size, total = max(1, sum(inside.values())), max(1, int(terms.counts.sum()))
        spelled: dict[int, str] = {}
        for part in self._timeline.sentences[first : last + 1]:
            for token in tokens(part.text):
                number = terms.number_of(token)
                if number is not None and token not in cues.FUNCTION_WORDS and token[0].isalpha() and len(token) > 2:
                    spelled.setdefault(number, token)
        worth = {
            number: inside[number] * math.log(inside[number] * total / (size * max(1, int(terms.counts[number]))))
            for number in spelled
            if inside[number] > 1 and terms.weights[number] >= _LEAST_WEIGHT
        }
        ranked = sorted(worth, key=lambda number: (-worth[number], spelled[number]))
        return [spelled[number] for number in ranked[:_TELLING_TERMS] if worth[number] > 0]

    def _differences(self, first: int, last: int) -> list[str]:
        """Return what the run does more than the others, most of all first."""
        difference = {
            name: float(values[first : last + 1].mean()) - self._usual[name] for name, values in self._signals.items()
        }
        ranked = sorted(difference, key=lambda name: (-difference[name], name))
        sayings = [
            self._saying(name, first, last)
            for name in ranked
            if difference[name] >= _CLEAR_DIFFERENCE and not (name == "replays" and self._holds_peak(first, last))
        ]
        return [saying for saying in sayings if saying]

    def _saying(self, name: str, first: int, last: int) -> str:
        """Say what a signal heard, with the words themselves; empty where the words do not bear it out."""
        parts = self._timeline.sentences[first : last + 1]
        if name == "questions":
            asked = [at for at, part in enumerate(parts[:_QUESTION_SENTENCES]) if cues.is_question(part.text)]
            return (
                "asks a question and goes on to it" if asked and len(parts) - 1 - asked[0] >= _ANSWER_SENTENCES else ""
            )
        if name == "numbers":
            figures = [token for part in parts for token in tokens(part.text) if token[0].isdigit()]
            return f"gives figures ({_listed(list(dict.fromkeys(figures))[:3])})" if len(figures) > 1 else ""
        if name == "contrast":
            turns = [token for part in parts for token in tokens(part.text) if token in cues.CONTRASTS]
            return f'turns on "{turns[0]}"' if turns else ""
        return _SAYINGS.get(name, "")


def _listed(words: Sequence[str]) -> str:
    return " and ".join([", ".join(words[:-1]), words[-1]] if len(words) > 1 else words)
