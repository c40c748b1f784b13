"""Makes a plan of a timeline: pieces on the grid of frames, and the sounds laid over them.

Pure functions: the same timeline gives the same plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from moments_ray.editor.errors import MediaNotOurs, TimelineEmpty
from moments_ray.editor.timeline import CaptionSegment, CropPoint, Timeline, TimelineSegment, TimelineWarning
from moments_ray.editor.values import PlannedSegment
from moments_ray.errors import InvalidRequest
from moments_ray.media.probe import MediaInfo
from moments_ray.media.render.captions import check_text
from moments_ray.media.render.effects import check_effects, played_speed
from moments_ray.media.render.plan import (
    RATE,
    SHORTEST_PIECE,
    Caption,
    CaptionStyle,
    Form,
    Picture,
    Piece,
    Quality,
    SoundCue,
    Word,
    frame_seconds,
    grid,
    piece_frames,
)

LONGEST_FILM_SECONDS = 3600
_SHORTER_SIDE: dict[Quality, int] = {"final": 1080, "draft": 540}
_ASPECTS = {"vertical": (9, 16), "square": (1, 1), "wide": (16, 9)}
_FOCUS = {"auto": 0.5, "center": 0.5, "left": 0.0, "right": 1.0}
_OVER_THE_END = 1 / RATE


def form_of(aspect: str, quality: Quality, info: MediaInfo) -> Form:
    """Return the size of a film: an aspect's, or as near to the source's shape as even numbers are."""
    across, down = _ASPECTS.get(aspect, (info.width, info.height))
    unit = _SHORTER_SIDE[quality] / min(across, down)
    return Form(width=round(across * unit / 2) * 2, height=round(down * unit / 2) * 2, quality=quality)


def checked(timeline: Timeline, duration: float) -> tuple[Timeline, tuple[TimelineWarning, ...]]:
    """Return a timeline that can be rendered of a source of so many seconds, and what will not come out as meant.

    Raises:
        InvalidRequest: a segment is none, is beyond the source, or its effects contradict each other; the film would
            be too long. The message names the segment by its number, from 0.
        GlyphMissing: no font has a character of a caption.
        MediaNotOurs: a sound names a path.
    """
    warnings: list[TimelineWarning] = []
    segments = []
    for number, segment in enumerate(timeline.segments):
        end = _end(number, segment, duration, warnings)
        segments.append(segment.model_copy(update={"end": end}) if end != segment.end else segment)
        if segment.sfx is not None and segment.sfx.path is not None:
            raise MediaNotOurs(f"Segments[{number}].sfx.path: name a built-in sound, and leave the path out.")
        try:
            check_effects(segment.effects)
        except InvalidRequest as error:
            raise InvalidRequest(f"Segments[{number}]: {error.message}") from error
        warnings.extend(_outside(number, segment))
    kept = timeline.model_copy(update={"segments": tuple(segments)})
    frames = sum(_frames(segment) for segment in kept.segments)
    if frames > LONGEST_FILM_SECONDS * RATE:
        raise InvalidRequest(
            f"The film would last {frames / RATE:.0f} s, more than {LONGEST_FILM_SECONDS}: leave segments out."
        )
    for caption in (*kept.captions, *(each for segment in kept.segments for each in segment.captions or ())):
        check_text(_drawn(caption, 0.0, 1.0, kept.caption_style))
    return kept, tuple(warnings)


def plan(timeline: Timeline, watermark: str | None, *, hdr: bool = False) -> list[PlannedSegment]:
    """Return the pieces of a checked timeline, in order, each with the sounds that begin in it.

    Raises:
        TimelineEmpty: it has no segments.
    """
    if not timeline.segments:
        raise TimelineEmpty
    return [_planned(number, segment, timeline, watermark, hdr=hdr) for number, segment in enumerate(timeline.segments)]


def cues_of(planned: Sequence[PlannedSegment]) -> list[tuple[str, SoundCue]]:
    """Return the film's sound effects by name, each with its frame in the film."""
    cues, first = [], 0
    for segment in planned:
        for name, at, seconds in segment.sounds:
            cues.append((name, SoundCue(file=f"{name}.wav", frame=first + at, seconds=seconds)))
        first += segment.piece.frames
    return cues


def shown_at(planned: Sequence[PlannedSegment], seconds: float) -> tuple[Piece, int]:
    """Return the piece that a film shows at a time, and the frame in it; after the end, the last one."""
    frame = max(0, grid(seconds))
    for segment in planned:
        if frame < segment.piece.frames:
            return segment.piece, frame
        frame -= segment.piece.frames
    return planned[-1].piece, planned[-1].piece.frames - 1


def _end(number: int, segment: TimelineSegment, duration: float, warnings: list[TimelineWarning]) -> float:
    if segment.start >= segment.end:
        raise InvalidRequest(f"Segments[{number}] ends at {segment.end:g} s, not after its start: swap or widen them.")
    if segment.end <= duration:
        return segment.end
    if segment.end - duration > _OVER_THE_END or segment.start >= duration:
        raise InvalidRequest(f"Segments[{number}] ends at {segment.end:g} s; the video lasts {duration:.3f} s.")
    warnings.append(
        TimelineWarning(
            code="segment.clamped", message="It ended after the video, by less than a frame.", segment=number
        )
    )
    return duration


def _outside(number: int, segment: TimelineSegment) -> Iterator[TimelineWarning]:
    for caption in segment.captions or ():
        if caption.end <= segment.start or caption.start >= segment.end:
            yield TimelineWarning(
                code="caption.outside_segment",
                message=f"The caption at {caption.start:g} s is not in the segment, whose times are the source's.",
                segment=number,
            )


def _frames(segment: TimelineSegment) -> int:
    return max(SHORTEST_PIECE, piece_frames(segment.start, segment.end, segment.effects, segment.speed))


def _planned(
    number: int, segment: TimelineSegment, timeline: Timeline, watermark: str | None, *, hdr: bool
) -> PlannedSegment:
    start, speed = frame_seconds(grid(segment.start)), played_speed(segment.effects, segment.speed)
    frames = _frames(segment)
    captions = timeline.captions if segment.captions is None else segment.captions
    seen = [each for each in captions if each.start < segment.end and each.end > segment.start]
    beats = segment.beats or timeline.beats
    focus = segment.crop.x if isinstance(segment.crop, CropPoint) else _FOCUS[segment.crop]
    piece = Piece(
        name=f"piece-{number:04d}",
        picture=Picture(start=start, focus=(focus, 0.5), hdr=hdr),
        frames=frames,
        speed=segment.speed,
        volume=segment.volume,
        effects=segment.effects,
        beats=tuple((beat - start) / speed for beat in beats if segment.start <= beat < segment.end),
        captions=tuple(_drawn(each, start, speed, timeline.caption_style) for each in seen),
        watermark=watermark,
    )
    sounds: tuple[tuple[str, int, float | None], ...] = ()
    if segment.sfx is not None:
        at = 0.0 if segment.sfx.at is None else (segment.sfx.at - start) / speed
        sounds = ((segment.sfx.name, min(max(0, grid(at)), frames - 1), segment.sfx.duration),)
    return PlannedSegment(name=segment.name, piece=piece, sounds=sounds)


def _drawn(caption: CaptionSegment, start: float, speed: float, style: CaptionStyle) -> Caption:
    """Put a caption on the clock of its piece."""
    return Caption(
        text=caption.text,
        start=(caption.start - start) / speed,
        end=(caption.end - start) / speed,
        words=tuple(
            Word(text=word.text, start=(word.start - start) / speed, end=(word.end - start) / speed)
            for word in caption.words
        ),
        style=caption.style or style,
        position=caption.position or "bottom",
    )
