"""From a transcript and what was measured of a source to its moments."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Literal

from moments_ray.errors import InvalidRequest
from moments_ray.media.downloaded import SiteSignals
from moments_ray.media.signals import Signals
from moments_ray.moments.finding.frames import FrameGrid
from moments_ray.moments.finding.moment import Moment, Proposal, TimedProposal, clock
from moments_ray.moments.finding.opening_model import Openings
from moments_ray.moments.finding.options import Bounds, FindOptions
from moments_ray.moments.finding.propose import propose
from moments_ray.moments.finding.quality import Quality, measure
from moments_ray.moments.finding.scoring import LOUDNESS_SECONDS
from moments_ray.moments.finding.select import select
from moments_ray.moments.finding.site_view import chapter_proposals
from moments_ray.moments.finding.snap import EdgeContext, snap
from moments_ray.moments.finding.timeline import Timeline
from moments_ray.moments.finding.titles import Titles
from moments_ray.moments.finding.validate import Span
from moments_ray.moments.finding.visual import propose_by_signals
from moments_ray.speech.transcript import Frozen, Transcript

_FILLED = "Found by the local finder, because the model proposed too few."


class FindResult(Frozen):
    """The moments of a source in time order, how good they are, and what became of the proposals by reason.

    ``basis`` says what they rest on: what was said, sound and picture alone, or nothing, when there are none.
    """

    moments: tuple[Moment, ...]
    quality: Quality
    report: dict[str, int]
    basis: Literal["speech", "signals", "nothing"]


def find_moments(
    transcript: Transcript,
    signals: Signals | None,
    duration: float | None,
    options: FindOptions,
    frames: FrameGrid | None = None,
    *,
    openings: Openings | None = None,
    site: SiteSignals | None = None,
) -> FindResult:
    """Find moments by the local finder; the same input always gives the same result.

    Args:
        transcript: what was said; may hold no words.
        signals: what was measured of sound and picture, if there was any.
        duration: the source's length in seconds; None takes the end of the last thing known of it.
        options: what to look for.
        frames: the source's frames, where edges shall lie on them.
        openings: where parts of the talk begin, if somebody knows better than the fitted model.
        site: chapters and how often parts were replayed, if the site of the video tells.

    Raises:
        InvalidRequest: if the duration is not a positive number.
    """
    length = length_of(transcript, signals, duration)
    timeline = Timeline.of(transcript, length)
    context = EdgeContext(timeline, signals, frames)
    found = place_proposals(propose(timeline, signals, options, openings, site), context, options)
    if found.moments or signals is None:
        return found
    unspoken = replace(context, timeline=timeline.without_sentences())
    return place_proposals(propose_by_signals(signals, length, options), unspoken, options)


def chapters_as_moments(
    transcript: Transcript,
    signals: Signals | None,
    duration: float | None,
    options: FindOptions,
    site: SiteSignals,
    *,
    frames: FrameGrid | None = None,
) -> FindResult:
    """Return a video's own chapters as moments, with their edges between sentences.

    All of them, as long as they are, unless the options name a count, other lengths or a range.

    Raises:
        InvalidRequest: if the duration is not a positive number.
    """
    timeline = Timeline.of(transcript, length_of(transcript, signals, duration))
    options = options.for_chapters()
    found = place_proposals(chapter_proposals(timeline, site), EdgeContext(timeline, signals, frames), options)
    asked = min(found.quality.asked, len(site.chapters))
    return found.model_copy(update={"quality": found.quality.model_copy(update={"asked": asked})})


def place_proposals(
    proposals: Sequence[Proposal | TimedProposal],
    context: EdgeContext,
    options: FindOptions,
    *,
    from_question: bool = False,
) -> FindResult:
    """Turn anybody's proposals into moments: select, name the nameless, snap, measure; ``select`` says the rest."""
    timeline = context.timeline
    selection = select(proposals, timeline, options, from_question=from_question)
    titles = _titles(selection.spans, Titles(timeline))
    bounds = _apart(selection.spans, options.bounds(timeline.duration))
    moments = tuple(
        _moment(span, title, context, free) for span, title, free in zip(selection.spans, titles, bounds, strict=True)
    )
    report = selection.report | ({"dropped_words": timeline.dropped_words} if timeline.dropped_words else {})
    return FindResult(
        moments=moments,
        quality=measure(moments, timeline, context.signals, options.count_for(timeline.duration)),
        report=report,
        basis="nothing" if not moments else "speech" if timeline.sentences else "signals",
    )


def fill_locally(
    found: FindResult, context: EdgeContext, options: FindOptions, site: SiteSignals | None = None
) -> FindResult:
    """Add moments of the local finder, marked as its own, where a model found fewer than were asked for."""
    timeline, bounds = context.timeline, options.bounds(context.timeline.duration)
    kept = list(found.moments)
    missing = found.quality.asked - found.quality.found
    proposals = [
        proposal
        for proposal in propose(timeline, context.signals, options.model_copy(update={"count": None}), site=site)
        if all(
            timeline.ends[proposal.last] <= moment.start_time or timeline.starts[proposal.first] >= moment.end_time
            for moment in kept
        )
    ]
    own = [proposal.model_copy(update={"reason": f"{_FILLED} {proposal.reason}"}) for proposal in proposals]
    spans = select(own, timeline, options.model_copy(update={"count": missing})).spans
    titles = _titles(spans, Titles(timeline), [moment.title for moment in kept])
    added = []
    for span, title in zip(spans, titles, strict=True):
        before = max((moment.end_time for moment in kept if moment.end_time <= span.start), default=bounds.earliest)
        after = min((moment.start_time for moment in kept if moment.start_time >= span.end), default=bounds.latest)
        moment = _moment(span, title, context, bounds._replace(earliest=before, latest=after))
        kept.append(moment)
        added.append(moment)
    moments = tuple(sorted(kept, key=lambda moment: moment.start_time))
    quality = measure(moments, timeline, context.signals, found.quality.asked, filled=len(added))
    return found.model_copy(
        update={"moments": moments, "quality": quality, "basis": "speech" if moments else "nothing"}
    )


def length_of(transcript: Transcript, signals: Signals | None, duration: float | None) -> float:
    """Return a source's length in seconds: the given one, else the end of the last thing known of it.

    Raises:
        InvalidRequest: the given one is not a positive number.
    """
    if duration is not None:
        if not math.isfinite(duration) or duration <= 0:
            raise InvalidRequest(f"The duration must be a positive number of seconds, not {duration}.")
        return duration
    known = [word.end for word in transcript.words]
    if signals is not None:
        known += [len(signals.loudness) * LOUDNESS_SECONDS, float(len(signals.motion)), *signals.shots]
    return max(known, default=0.0)


def _titles(spans: Sequence[Span], titles: Titles, others: Sequence[str] = ()) -> list[str]:
    """Keep the titles proposals brought; name the rest by their words, unlike ``others``, or by where they are."""
    taken = [*others, *(span.title for span in spans if span.title)]
    named = []
    for span in spans:
        title = span.title
        if not title and span.sentences is not None:
            title = titles.title(*span.sentences, taken)
            taken.append(title)
        named.append(title or f"Moment at {clock(span.start)}")
    return named


def _apart(spans: Sequence[Span], bounds: Bounds) -> list[Bounds]:
    """Give each span the room up to the middle between it and its neighbours."""
    middles = [(before.end + after.start) / 2 for before, after in pairwise(spans)]
    return [
        bounds._replace(earliest=earliest, latest=latest)
        for earliest, latest in zip([bounds.earliest, *middles], [*middles, bounds.latest], strict=True)
    ][: len(spans)]


def _moment(span: Span, title: str, context: EdgeContext, bounds: Bounds) -> Moment:
    steps = (*span.steps, *snap(span.start, span.end, context, bounds, spoken=span.sentences is not None))
    return Moment(
        title=title,
        start_time=steps[-1].start_time,
        end_time=steps[-1].end_time,
        score=span.score,
        reason=span.reason,
        provenance=steps,
    )
