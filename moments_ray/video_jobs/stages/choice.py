"""CLIP_CHOICE: which parts of a video become clips."""

from __future__ import annotations

from collections.abc import Sequence

from moments_ray.engine import Context, Resources, stage
from moments_ray.library.transcripts import read_transcript
from moments_ray.library.values import SourceVideo, TranscriptRef
from moments_ray.moments.finding.moment import Moment
from moments_ray.moments.stages.generation import find_inputs
from moments_ray.moments.stages.model_calls import find
from moments_ray.moments.values import GenerationOptions
from moments_ray.video_jobs.values import ChosenClip, ChosenClips, ClipChoiceOptions, Segment

_SHORTEST_SECONDS = 1.0


@stage("CLIP_CHOICE", resources=Resources(cpus=1), timeout=1800)
async def choose_clips(
    ctx: Context, video: SourceVideo, heard: TranscriptRef, generation: GenerationOptions, options: ClipChoiceOptions
) -> ChosenClips:
    """Choose clips by the finder of moments, by the clock, or as the caller says."""
    duration = video.info.duration
    match options.strategy:
        case "windows":
            return ChosenClips(clips=windows(duration, options.duration, options.overlap, options.most))
        case "segments":
            return within(options.segments, duration)
    transcript, _ = await read_transcript(ctx, video, heard)
    inputs, _ = await find_inputs(ctx, video, transcript, generation)
    found, _ = await find(ctx, generation, inputs)
    return of_moments(found.moments, options)


def windows(duration: float, length: float, overlap: float, most: int) -> tuple[ChosenClip, ...]:
    """Return windows of equal length from the start, each begun ``overlap`` seconds before the last one's end."""
    clips: list[ChosenClip] = []
    start = 0.0
    while len(clips) < most and duration - start >= _SHORTEST_SECONDS:
        if clips and duration - start <= overlap:
            break  # nothing in it that the window before has not
        end = min(start + length, duration)
        clips.append(ChosenClip(start=round(start, 3), end=end, title=f"Part {len(clips) + 1}"))
        start += length - overlap
    return tuple(clips)


def within(segments: Sequence[Segment], duration: float) -> ChosenClips:
    """Return the segments as far as the video goes."""
    clips: list[ChosenClip] = []
    warnings: list[str] = []
    for number, segment in enumerate(segments, 1):
        if segment.start >= duration:
            warnings.append(f"Segment {number} starts after the end of the video, at {duration:.1f} s: it is left out.")
            continue
        title = segment.title or f"Segment {number}"
        clips.append(ChosenClip(start=segment.start, end=min(segment.end, duration), title=title))
    return ChosenClips(clips=tuple(clips), warnings=tuple(warnings))


def of_moments(moments: Sequence[Moment], options: ClipChoiceOptions) -> ChosenClips:
    """Return the moments worth a clip; a score is the share of the best one's, so that it compares within a video."""
    if not moments:
        return ChosenClips(clips=(), warnings=("No part of the video stands out: no clip is cut.",))
    best = max(moment.score for moment in moments)
    clips = tuple(
        ChosenClip(
            start=moment.start_time,
            end=moment.end_time,
            title=moment.title,
            score=round(moment.score / best, 3) if best > 0 else 1.0,
            reason=moment.reason,
        )
        for moment in moments
    )
    kept = tuple(clip for clip in clips if clip.score is not None and clip.score >= options.min_confidence)
    left = len(clips) - len(kept)
    more = "1 more moment was" if left == 1 else f"{left} more moments were"
    said = f"{more} found, below the min_confidence of {options.min_confidence:g}."
    return ChosenClips(clips=kept, warnings=(said,) if left else ())
