"""How good a set of moments is, in figures that need no judgement."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from moments_ray.media.signals import Signals
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.finding.snap import slivers
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.speech.transcript import Frozen


class Quality(Frozen):
    """What can be measured of a set of moments without knowing the right ones.

    ``ends_on_sentence`` is the share of moments that start where a sentence does and end where one ends, as punctuation
    tells; None where there are no moments, and where nothing is punctuated, which ``punctuated`` says. ``slivers``
    counts edges with less than half a second of another shot; ``overlap`` is in seconds; ``filled`` counts those that
    the local finder added to a model's, ``shortfall`` says what the model left out and why.
    """

    cuts_in_word: int
    ends_on_sentence: float | None
    slivers: int
    overlap: float
    asked: int
    found: int
    filled: int = 0
    punctuated: bool | None = None
    shortfall: str | None = None


def measure(
    moments: Sequence[Moment], timeline: Timeline, signals: Signals | None, asked: int, *, filled: int = 0
) -> Quality:
    """Measure moments against the words and shots of their source."""
    edges = [edge for moment in moments for edge in (moment.start_time, moment.end_time)]
    whole = [timeline.is_on_sentence(moment.start_time, moment.end_time) for moment in moments]
    ordered = sorted(moments, key=lambda moment: moment.start_time)
    overlaps = (max(0.0, before.end_time - after.start_time) for before, after in pairwise(ordered))
    return Quality(
        cuts_in_word=sum(timeline.gap_at(edge) is None for edge in edges),
        ends_on_sentence=round(sum(whole) / len(whole), 4) if whole and timeline.is_punctuated else None,
        slivers=sum(slivers(moment.start_time, moment.end_time, signals) for moment in moments),
        overlap=round(sum(overlaps), 6),
        asked=asked,
        found=len(moments),
        filled=filled,
        punctuated=timeline.is_punctuated if timeline.sentences else None,
    )
