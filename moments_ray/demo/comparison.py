"""How close the found moments came to the topics the talk is known to have."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import Any

from pydantic import BaseModel, ConfigDict, FiniteFloat

from moments_ray.demo.talk import Topic

# A moment may begin and end in the pause around its topic, where cuts belong.
_PAUSE_SECONDS = 0.5


class Match(BaseModel):
    """A moment beside the topic it shares the most time with; ``topic`` is None where it shares none.

    ``start_distance`` is the time from its topic's start to the moment's, in seconds; negative: it begins too early.
    """

    model_config = ConfigDict(frozen=True)

    title: str
    start: FiniteFloat
    end: FiniteFloat
    topic: str | None
    inside: bool
    start_distance: FiniteFloat | None

    def row(self) -> tuple[str, str, str, str]:
        """Return what a table shows: moment, its times, its topic, how it lies there."""
        times = f"{_clock(self.start)} - {_clock(self.end)}"
        if self.topic is None or self.start_distance is None:
            return (self.title, times, "none", "outside every topic")
        where = "inside" if self.inside else "reaches out of it"
        return (self.title, times, self.topic, f"{where}, starts {self.start_distance:+.1f} s from its beginning")


class Comparison(BaseModel):
    """All matches in time order, and what they come to; the median is of absolute start distances, in seconds."""

    model_config = ConfigDict(frozen=True)

    matches: tuple[Match, ...]
    topics: int
    topics_covered: int
    moments_inside_one_topic: int
    median_start_distance: FiniteFloat | None

    def summary(self) -> str:
        """Return the figures as one sentence."""
        distance = self.median_start_distance
        return (
            f"{self.moments_inside_one_topic} of {len(self.matches)} moments lie inside one topic; "
            f"{self.topics_covered} of {self.topics} topics have a moment"
            + (
                f"; half of them start within {distance:.1f} s of their topic's beginning."
                if distance is not None
                else "."
            )
        )


def compare(topics: Sequence[Topic], moments: Sequence[Mapping[str, Any]]) -> Comparison:
    """Match moments, given as in ``moments.json`` (title, start_time, end_time), with the true topics."""
    ordered = sorted(moments, key=lambda moment: (moment["start_time"], moment["end_time"]))
    matches = tuple(_match(topics, m["title"], m["start_time"], m["end_time"]) for m in ordered)
    distances = [abs(match.start_distance) for match in matches if match.start_distance is not None]
    return Comparison(
        matches=matches,
        topics=len(topics),
        topics_covered=len({match.topic for match in matches if match.topic is not None}),
        moments_inside_one_topic=sum(match.inside for match in matches),
        median_start_distance=median(distances) if distances else None,
    )


def _match(topics: Sequence[Topic], title: str, start: float, end: float) -> Match:
    shared = {topic.title: min(end, topic.end) - max(start, topic.start) for topic in topics}
    topic = max(topics, key=lambda candidate: shared[candidate.title])
    if shared[topic.title] <= 0:
        return Match(title=title, start=start, end=end, topic=None, inside=False, start_distance=None)
    inside = start >= topic.start - _PAUSE_SECONDS and end <= topic.end + _PAUSE_SECONDS
    distance = start - topic.start
    return Match(title=title, start=start, end=end, topic=topic.title, inside=inside, start_distance=distance)


def _clock(seconds: float) -> str:
    return f"{int(seconds // 60)}:{seconds % 60:04.1f}"
