"""Makes a plan of a timeline: pieces on the grid of frames, and the sounds laid over them.

Pure functions: the same timeline gives the same plan.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from moments_ray.editor.errors import MediaNotOurs, TimelineEmpty
from moments_ray.editor.framing import Framing
from moments_ray.editor.places import is_asset
from moments_ray.editor.timeline import CaptionSegment, Crop, CropPoint, Timeline, TimelineSegment, TimelineWarning
from moments_ray.editor.values import PlannedSegment
from moments_ray.errors import InvalidRequest
from moments_ray.media.probe import MediaInfo
from moments_ray.media.render.captions import check_text, height_of, is_blank
from moments_ray.media.render.effects import check_effects, played_speed
from moments_ray.media.render.plan import (
    RATE,
    SHORTEST_PIECE,
    Caption,
    CaptionStyle,
    FocusMove,
    Form,
    Lead,
    Picture,
    Piece,
    Quality,
    SoundCue,
    Word,
    frame_seconds,
    grid,
    piece_frames,
)
from moments_ray.media.render.sounds import SOUNDS

LONGEST_FILM_SECONDS = 3600
_SHORTER_SIDE: dict[Quality, int] = {"final": 1080, "draft": 540}
_ASPECTS = {"vertical": (9, 16), "square": (1, 1), "wide": (16, 9)}
_FOCUS = {"auto": 0.5, "center": 0.5, "left": 0.0, "right": 1.0}
# Of its height, covered by one caption: more than a reader takes in at once, and little of the film is seen.
_MOST_OF_THE_PICTURE = 0.4
_OVER_THE_END = 1 / RATE
# What of a segment's effects stays on it while it runs on under the next one.
_RUN_ON = frozenset({"bw", "mirror", "vignette", "blur_background", "letterbox"})


def form_of(aspect: str, quality: Quality, info: MediaInfo) -> Form:
    """Return the size of a film: an aspect's, or as near to the source's shape as even numbers are."""
    return _form(_ASPECTS.get(aspect, (info.width, info.height)), quality)


def checked(timeline: Timeline, duration: float) -> tuple[Timeline, tuple[TimelineWarning, ...]]:
    """Return a timeline that can be rendered of a source of so many seconds, and what will not come out as meant.

    Raises:
        InvalidRequest: a segment is none, is beyond the source, or its effects contradict each other; the film would
            be too long. The message names the segment by its number, from 0.
        GlyphMissing: no font has a character of a caption.
        MediaNotOurs: a sound names a path that is of no asset.
    """
    warnings: list[TimelineWarning] = []
    segments = []
    for number, segment in enumerate(timeline.segments):
        end = _end(number, segment, duration, warnings)
        segments.append(segment.model_copy(update={"end": end}) if end != segment.end else segment)
        if segment.sfx is not None and segment.sfx.path is not None and not is_asset(segment.sfx.path):
            raise MediaNotOurs(f"Segments[{number}].sfx.path: name an asset whose sound it is, or leave it out.")
        try:
            check_effects(segment.effects)
        except InvalidRequest as error:
            raise InvalidRequest(f"Segments[{number}]: {error.message}") from error
        warnings.extend(_not_seen(number, segment.captions or ()))
        warnings.extend(_outside(number, segment))
    if timeline.music is not None and timeline.music.path is not None and not is_asset(timeline.music.path):
        raise MediaNotOurs("Music.path: name an asset whose sound it is, or a built-in bed.")
    warnings.extend(_not_seen(None, timeline.captions))
    kept = timeline.model_copy(update={"segments": tuple(segments)})
    frames = sum(_frames(segment) for segment in kept.segments)
    if frames > LONGEST_FILM_SECONDS * RATE:
        raise InvalidRequest(
            f"The film would last {frames / RATE:.0f} s, more than {LONGEST_FILM_SECONDS}: leave segments out."
        )
    warnings.extend(_too_large(None, kept.captions, kept))
    for number, segment in enumerate(kept.segments):
        warnings.extend(_too_large(number, segment.captions or (), kept))
    return kept, tuple(warnings)


def plan(
    timeline: Timeline, watermark: str | None, *, hdr: bool = False, framed: Mapping[int, Framing] | None = None
) -> list[PlannedSegment]:
    """Return the pieces of a checked timeline, in order, each with the sounds that begin in it.

    ``framed`` is where to look in the segments, by number, that say nothing of it; without it, the middle.

    Raises:
        TimelineEmpty: it has no segments.
    """
    if not timeline.segments:
        raise TimelineEmpty
    known = framed or {}
    pictures = [_picture(segment, hdr, known.get(number)) for number, segment in enumerate(timeline.segments)]
    return [
        _planned(number, pictures, timeline, watermark).model_copy(update={"crop": _chosen(segment, known.get(number))})
        for number, segment in enumerate(timeline.segments)
    ]


def needs_framing(timeline: Timeline, form: Form, info: MediaInfo) -> list[int]:
    """Return the segments, by number, of which a part is cut out and nobody said which."""
    if info.width * form.height <= info.height * form.width:
        return []
    whole = {"blur_background", "letterbox"}
    return [
        number
        for number, segment in enumerate(timeline.segments)
        if segment.crop == "auto" and not whole & {effect.name for effect in segment.effects}
    ]


def window_share(form: Form, info: MediaInfo) -> float:
    """Return how much of a source's width a film of this shape shows."""
    return min(1.0, info.height * form.width / (form.height * info.width))


def cues_of(planned: Sequence[PlannedSegment]) -> list[tuple[str, SoundCue]]:
    """Return the film's sounds by name, or by the path of an asset, each with its frame in the film."""
    cues, first = [], 0
    own: dict[str, str] = {}
    for segment in planned:
        for name, at, seconds in segment.sounds:
            file = name if name in SOUNDS else own.setdefault(name, f"own-{len(own)}")
            cues.append((name, SoundCue(file=f"{file}.wav", frame=first + at, seconds=seconds)))
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


def _form(shape: tuple[int, int], quality: Quality) -> Form:
    unit = _SHORTER_SIDE[quality] / min(shape)
    across, down = (round(side * unit / 2) * 2 for side in shape)
    return Form(width=across, height=down, quality=quality)


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


def _not_seen(number: int | None, captions: Sequence[CaptionSegment]) -> Iterator[TimelineWarning]:
    for caption in captions:
        if caption.end <= caption.start:
            why = f"it ends at {caption.end:g} s"
        elif is_blank(caption.text):
            why = "there is nothing to be seen in it"
        else:
            continue
        message = f"The caption at {caption.start:g} s is not drawn: {why}."
        yield TimelineWarning(code="caption.not_drawn", message=message, segment=number)


def _too_large(number: int | None, captions: Sequence[CaptionSegment], timeline: Timeline) -> Iterator[TimelineWarning]:
    """Check that captions can be drawn, and yield those of which little else of the picture is seen."""
    form = _form(_ASPECTS.get(timeline.aspect, _ASPECTS["vertical"]), "final")  # of 9:16 and 16:9 lines cover as much
    for caption in captions:
        drawn = _drawn(caption, 0.0, 1.0, timeline.caption_style)
        check_text(drawn)
        share = height_of(drawn, form)
        if share > _MOST_OF_THE_PICTURE and caption.end > caption.start:
            message = (
                f"The caption at {caption.start:g} s covers {min(share, 1):.0%} of the picture's height: shorten it, "
                "part it into several, or give it a smaller style."
            )
            yield TimelineWarning(code="caption.too_large", message=message, segment=number)


def _outside(number: int, segment: TimelineSegment) -> Iterator[TimelineWarning]:
    for caption in segment.captions or ():
        if caption.end <= caption.start:
            continue  # warned of already
        if caption.end <= segment.start or caption.start >= segment.end:
            yield TimelineWarning(
                code="caption.outside_segment",
                message=f"The caption at {caption.start:g} s is not in the segment, whose times are the source's.",
                segment=number,
            )


def _frames(segment: TimelineSegment) -> int:
    return max(SHORTEST_PIECE, piece_frames(segment.start, segment.end, segment.effects, segment.speed))


def _picture(segment: TimelineSegment, hdr: bool, framing: Framing | None) -> Picture:
    """Return what is seen of a segment: where a person said, else where there is something to see."""
    start = frame_seconds(grid(segment.start))
    if isinstance(segment.crop, CropPoint):
        return Picture(start=start, focus=(segment.crop.x, 0.5), hdr=hdr)
    if segment.crop != "auto" or framing is None:
        return Picture(start=start, focus=(_FOCUS[segment.crop], 0.5), hdr=hdr)
    speed = played_speed(segment.effects, segment.speed)
    moves = tuple(
        FocusMove(at=(move.at - start) / speed, x=move.x, seconds=move.seconds / speed) for move in framing.moves
    )
    return Picture(start=start, focus=(framing.x, 0.5), moves=moves, hdr=hdr)


def _chosen(segment: TimelineSegment, framing: Framing | None) -> Crop:
    if isinstance(segment.crop, CropPoint):
        return Crop(x=segment.crop.x, method="manual", confidence=1.0)
    if segment.crop == "auto" and framing is not None:
        return Crop(x=framing.x, method=framing.method, confidence=framing.confidence)
    return Crop(x=_FOCUS[segment.crop], method="center" if segment.crop in {"auto", "center"} else "manual")


def _lead(number: int, pictures: Sequence[Picture], timeline: Timeline) -> Lead | None:
    """Return how the segment before runs on under this one, None where it is cut; the first one has none before."""
    segment, before = timeline.segments[number], timeline.segments[number - 1]
    if segment.transition is None or number == 0:
        return None
    picture = pictures[number - 1]
    last = picture.moves[-1].x if picture.moves else picture.focus[0]
    kept = tuple(effect for effect in before.effects if effect.name in _RUN_ON)
    return Lead(
        name=segment.transition.name,
        frames=min(grid(segment.transition.duration), _frames(segment)),
        picture=Picture(start=frame_seconds(grid(before.end)), focus=(last, picture.focus[1]), hdr=picture.hdr),
        speed=played_speed(before.effects, before.speed),
        volume=before.volume,
        effects=kept,
    )


def _planned(number: int, pictures: Sequence[Picture], timeline: Timeline, watermark: str | None) -> PlannedSegment:
    segment, picture = timeline.segments[number], pictures[number]
    start, speed = picture.start, played_speed(segment.effects, segment.speed)
    frames = _frames(segment)
    captions = timeline.captions if segment.captions is None else segment.captions
    seen = [each for each in captions if each.start < segment.end and each.end > segment.start]
    beats = segment.beats or timeline.beats
    piece = Piece(
        name=f"piece-{number:04d}",
        picture=picture,
        frames=frames,
        speed=segment.speed,
        volume=segment.volume,
        effects=segment.effects,
        beats=tuple((beat - start) / speed for beat in beats if segment.start <= beat < segment.end),
        captions=tuple(_drawn(each, start, speed, timeline.caption_style) for each in seen),
        watermark=watermark,
        lead=_lead(number, pictures, timeline),
    )
    sounds: tuple[tuple[str, int, float | None], ...] = ()
    if segment.sfx is not None:
        at = 0.0 if segment.sfx.at is None else (segment.sfx.at - start) / speed
        name = segment.sfx.path or segment.sfx.name
        sounds = ((name, min(max(0, grid(at)), frames - 1), segment.sfx.duration),)
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
