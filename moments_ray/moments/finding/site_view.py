"""What a site knows of a video, laid over its sentences: where chapters begin, and how often each was played again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

import numpy as np

from moments_ray.media.downloaded import Replays, SiteSignals
from moments_ray.moments.finding.moment import Proposal, TimedProposal
from moments_ray.moments.finding.terms import Floats, Ints
from moments_ray.moments.finding.timeline import Timeline

_NEAR_SECONDS = 8.0  # from a chapter's mark to the sentence it means
_ARRIVAL_SHARE = 0.05  # of a video, in which a falling curve tells of people who come, not of what they like
_PEAK_SECONDS = 60.0
_LEAST_CONTRAST = 0.1  # between the highest and what is common; a curve that varies less tells nothing
_SAYS_NOTHING = re.compile(
    r"<?untitled chapter.*|(?:chapter|part|section)?\s*\d*\W*|intro(?:duction)?|outro|start|end(?:ing)?", re.IGNORECASE
)
_OWN_REASON = "A chapter of the video as its maker divided it."
_BEST_SCORE = 100.0


@dataclass(frozen=True)
class SiteView:
    """Of every sentence: the number of the chapter that begins there (-1: none), and how often it was replayed.

    ``opens`` is 1 where a chapter begins, and where the most replayed minute does.
    ``replays`` is None where the site tells none; ``peak`` is the minute that was replayed most, in seconds. ``played``
    is how much was replayed until each sentence begins and until it ends, ``usual`` and ``most`` what is common in the
    video and what is the highest.
    """

    signals: SiteSignals
    chapters: tuple[int, ...]
    replays: Floats | None = None
    peak: tuple[float, float] | None = None
    opens: Floats = field(default_factory=lambda: np.zeros(0))
    played: tuple[Floats, Floats] | None = None
    usual: float = 0.0
    most: float = 0.0

    @classmethod
    def of(cls, timeline: Timeline, signals: SiteSignals | None) -> SiteView | None:
        """Lay signals over a timeline; None where a site tells nothing."""
        if signals is None or not (signals.chapters or signals.replays) or not timeline.sentences:
            return None
        begun = np.full(len(timeline.sentences), -1)
        for number, chapter in enumerate(signals.chapters):
            at = _nearest_start(timeline, chapter.start_time)
            if at is not None and abs(timeline.starts[at] - chapter.start_time) <= _NEAR_SECONDS:
                begun[at] = number
        curve = _settled(signals.replays, timeline.duration)
        values = [piece.value for piece in curve]
        usual, most = (float(np.median(values)), max(values)) if curve else (0.0, 0.0)
        peak = _peak(curve, timeline.duration) if most - usual >= _LEAST_CONTRAST else None
        opens = begun >= 0
        if peak is not None and (at := _nearest_start(timeline, peak[0])) is not None:
            opens[at] = True
        return cls(
            signals=signals,
            chapters=tuple(begun.tolist()),
            replays=_means(curve, timeline.starts, timeline.ends) if curve else None,
            peak=peak,
            opens=opens.astype(float),
            played=(_played(curve, timeline.starts), _played(curve, timeline.ends)) if curve else None,
            usual=usual,
            most=most,
        )

    def chapter_title(self, first: int) -> str:
        """Return the title of the chapter that begins with a sentence; empty where none does, or its title is none."""
        number = self.chapters[first]
        title = self.signals.chapters[number].title if number >= 0 else ""
        return "" if _SAYS_NOTHING.fullmatch(title.strip()) else title

    def replayed(self, first: int, last: Ints, seconds: Floats) -> Floats:
        """Return how far runs that begin with a sentence stand out of what is common: 0, up to 1 for the highest."""
        if self.played is None or self.peak is None:
            return np.zeros(len(last))
        starts, ends = self.played
        standing_out = (ends[last] - starts[first]) / seconds - self.usual
        heights: Floats = np.clip(standing_out / (self.most - self.usual), 0.0, 1.0)
        return heights

    def holds_peak(self, start: float, end: float) -> bool:
        """Tell whether most of a stretch, or of the most replayed minute, is in the other."""
        if self.peak is None:
            return False
        shared = min(end, self.peak[1]) - max(start, self.peak[0])
        return shared >= 0.5 * min(end - start, self.peak[1] - self.peak[0])


def chapter_proposals(timeline: Timeline, signals: SiteSignals) -> list[Proposal | TimedProposal]:
    """Return a video's chapters as proposals that do not overlap, what was replayed most with the highest score."""
    curve = _settled(signals.replays, timeline.duration)
    starts = np.array([chapter.start_time for chapter in signals.chapters])
    ends = np.array([chapter.end_time for chapter in signals.chapters])
    scores = _BEST_SCORE - 1 + (_means(curve, starts, ends) if curve else np.ones(len(starts)))
    if not timeline.sentences:
        return [
            TimedProposal(
                start_time=each.start_time, end_time=each.end_time, title=each.title, reason=_OWN_REASON, score=score
            )
            for each, score in zip(signals.chapters, scores.round(2).tolist(), strict=True)
        ]
    firsts = [_nearest_start(timeline, start) for start in starts.tolist()]
    proposals: list[Proposal | TimedProposal] = []
    for number, chapter in enumerate(signals.chapters):
        first = firsts[number]
        later = [other for other in firsts[number + 1 :] if other is not None]
        last = (later[0] if later else len(timeline.sentences)) - 1
        if first is not None and last >= first:
            score = round(float(scores[number]), 2)
            proposals.append(Proposal(first=first, last=last, title=chapter.title, reason=_OWN_REASON, score=score))
    return proposals


def _nearest_start(timeline: Timeline, position: float) -> int | None:
    """Return the sentence that begins nearest to a position, of those that a cut may stand before.

    A piece of a long sentence is no beginning where sentences can be told.
    """
    allowed = np.flatnonzero(timeline.may_start)
    if timeline.is_punctuated:
        allowed = np.array([at for at in allowed.tolist() if timeline.begins_sentence(at)], dtype=np.int64)
    if not allowed.size:
        return None
    return int(allowed[int(np.abs(timeline.starts[allowed] - position).argmin())])


def _settled(replays: tuple[Replays, ...], duration: float) -> list[Replays]:
    """Return the curve without its fall at the beginning: everybody who opens a video plays that."""
    curve = list(replays)
    arrival = [piece for piece in curve if piece.end_time <= _ARRIVAL_SHARE * duration]
    at = 0
    while at + 1 < len(arrival) and curve[at + 1].value < curve[at].value:
        at += 1
    return [piece.model_copy(update={"value": curve[at].value}) for piece in curve[:at]] + curve[at:]


def _means(curve: list[Replays], starts: Floats, ends: Floats) -> Floats:
    """Return the mean of the curve over stretches; what no piece covers counts nothing."""
    means: Floats = (_played(curve, ends) - _played(curve, starts)) / np.maximum(ends - starts, 1e-3)
    return means


def _played(curve: list[Replays], until: Floats) -> Floats:
    """Return the area under the curve until some times."""
    edges = np.array([edge for piece in curve for edge in (piece.start_time, piece.end_time)])
    area = np.cumsum([piece.value * (piece.end_time - piece.start_time) for piece in curve])
    sums = np.stack((np.concatenate(([0.0], area[:-1])), area), axis=1).ravel()
    played: Floats = np.interp(until, edges, sums)
    return played


def _peak(curve: list[Replays], duration: float) -> tuple[float, float]:
    """Return the minute of the highest mean; of a shorter video all of it."""
    latest = max(0.0, duration - _PEAK_SECONDS)
    middles = np.array([(piece.start_time + piece.end_time) / 2 for piece in curve])
    starts = np.unique(np.clip(np.concatenate((middles, middles - _PEAK_SECONDS / 2)), 0.0, latest))
    best = float(starts[int(_means(curve, starts, starts + _PEAK_SECONDS).argmax())])
    return best, min(duration, best + _PEAK_SECONDS)
