"""Makes timelines: the same video and the same seed give the same timeline, to the byte.

Pure functions over what was heard and seen of a video.
"""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from moments_ray.editor.timeline import (
    CaptionSegment,
    CaptionWord,
    SegmentSound,
    Timeline,
    TimelineSegment,
)
from moments_ray.media.beats import Beats
from moments_ray.media.render.effects import Effect, EffectName
from moments_ray.media.signals import Signals
from moments_ray.settings import TemplateName
from moments_ray.speech.scripts import join_words
from moments_ray.speech.transcript import Word

Range = tuple[float, float]

_LONG_SILENCE, _LONG_PAUSE, _AIR = 0.6, 1.2, 0.1
_SHORTEST, _LONGEST, _MOST_SEGMENTS = 0.8, 4.5, 60
_MUSIC_CONFIDENCE = 0.5
_LITTLE = 0.5  # of a video
_BETWEEN_FLASHES = 1.0
"""Seconds: three flashes within one of them harm people with photosensitive epilepsy."""
_CAPTION_WORDS, _CAPTION_LETTERS, _CAPTION_PAUSE = 4, 24, 0.5
_LINE_LETTERS = 42
_SENTENCE_ENDS = (".", "!", "?", "…", "。", "！", "？")
_NEAR = 0.15
# Effects by energy, with how often each is drawn, in percent; None is no effect.
_WEIGHTS: dict[str, dict[EffectName | None, int]] = {
    "quiet": {None: 60, "zoom": 25, "slowmo": 15},
    "middle": {None: 40, "zoom": 30, "punch_in": 20, "bw": 10},
    "high": {"punch_in": 35, "shake": 20, "flash": 15, "glitch": 10, None: 20},
}


@dataclass(frozen=True)
class VideoFeatures:
    """What is known of a video; ``moments`` are the ranges of its highlights, where they were looked for."""

    duration: float
    words: Sequence[Word] = ()
    signals: Signals = field(default_factory=Signals)
    beats: Beats = field(default_factory=Beats)
    moments: Sequence[Range] = ()


def build(template: TemplateName, seed: int, heard: VideoFeatures) -> Timeline:
    """Return the timeline that a template makes of a video."""
    segments, letters = _TEMPLATES[template](seed, heard)
    lined = template == "podcast"
    return Timeline(
        beats=heard.beats.beats,
        tempo=heard.beats.tempo,
        captions=tuple(_captions(heard.words, letters)),
        segments=tuple(_named(segments)),
        template_name=template,
        caption_style="classic" if lined else "pop",
    )


def descriptions() -> dict[str, str]:
    """Return what each template does, in a sentence."""
    return {name: (function.__doc__ or "").strip() for name, function in _TEMPLATES.items()}


def _chaos(seed: int, heard: VideoFeatures) -> tuple[list[TimelineSegment], int]:
    """Cut at sentences, shots and beats, without silences; draw effects by how lively a part is."""
    cuts = sorted({*_sentence_edges(heard.words), *heard.signals.shots, *_some_beats(seed, heard.beats)})
    ranges = [part for kept in _without_silence(heard, _LONG_SILENCE) for part in _split(kept, cuts, seed)]
    energy = _energies(ranges, heard)
    if len(ranges) > _MOST_SEGMENTS:
        best = sorted(range(len(ranges)), key=lambda number: (-energy[number], number))[:_MOST_SEGMENTS]
        ranges, energy = [ranges[number] for number in sorted(best)], [energy[number] for number in sorted(best)]
    strongest = sorted(heard.beats.peaks, key=lambda peak: -peak.strength)[:3]
    segments: list[TimelineSegment] = []
    before, played, flashed = None, 0.0, -_BETWEEN_FLASHES
    for number, (part, lively) in enumerate(zip(ranges, energy, strict=True)):
        drawn = _draw(seed, number, lively)
        if drawn == before or (drawn == "flash" and played - flashed < _BETWEEN_FLASHES):
            drawn = None
        flashed = played if drawn == "flash" else flashed
        hit = next((peak.time for peak in strongest if part[0] <= peak.time < part[1]), None)
        segments.append(_segment(part, heard, (drawn,) if drawn else (), _sound(part, hit, heard.signals.shots)))
        before = drawn
        played += (part[1] - part[0]) * (2 if drawn == "slowmo" else 1)
    return segments, _CAPTION_LETTERS


def _clean(_seed: int, heard: VideoFeatures) -> tuple[list[TimelineSegment], int]:
    """Take out silences, and change nothing else."""
    return [_segment(part, heard) for part in _without_silence(heard, _LONG_SILENCE)], _CAPTION_LETTERS


def _beat_cut(_seed: int, heard: VideoFeatures) -> tuple[list[TimelineSegment], int]:
    """Cut on every fourth beat; without music, at sentences."""
    music = heard.beats.confidence >= _MUSIC_CONFIDENCE
    cuts = list(heard.beats.beats[::4]) if music else _sentence_edges(heard.words)
    edges = [0.0, *(cut for cut in cuts if _SHORTEST <= cut <= heard.duration - _SHORTEST), heard.duration]
    kept = [edges[0]]
    for edge in edges[1:]:
        if edge - kept[-1] >= _SHORTEST:
            kept.append(edge)
    kept[-1] = heard.duration
    return [_segment(part, heard) for part in pairwise(kept)], _CAPTION_LETTERS


def _podcast(_seed: int, heard: VideoFeatures) -> tuple[list[TimelineSegment], int]:
    """Take out long pauses alone; captions are lines."""
    return [_segment(part, heard) for part in _without_silence(heard, _LONG_PAUSE)], _LINE_LETTERS


def _highlights(seed: int, heard: VideoFeatures) -> tuple[list[TimelineSegment], int]:
    """Play the moments that were found; where none were, take out silences."""
    if not heard.moments:
        return _clean(seed, heard)
    return [_segment(part, heard) for part in heard.moments], _CAPTION_LETTERS


_TEMPLATES: dict[TemplateName, Callable[[int, VideoFeatures], tuple[list[TimelineSegment], int]]] = {
    "realistic_chaos": _chaos,
    "clean": _clean,
    "beat_cut": _beat_cut,
    "podcast": _podcast,
    "highlights": _highlights,
}


def _segment(
    part: Range, heard: VideoFeatures, effects: Sequence[EffectName] = (), sound: SegmentSound | None = None
) -> TimelineSegment:
    start, end = round(part[0], 3), round(part[1], 3)
    music = heard.beats.confidence >= _MUSIC_CONFIDENCE
    return TimelineSegment(
        name="segment",
        start=start,
        end=end,
        effects=tuple(Effect(name=name) for name in effects),
        beats=tuple(beat for beat in heard.beats.beats if start <= beat < end) if music else (),
        sfx=sound,
    )


def _named(segments: Sequence[TimelineSegment]) -> list[TimelineSegment]:
    """Call the first one intro, the last one outro, and the others by their numbers."""
    last = len(segments)
    names = {1: "intro", **({last: "outro"} if last > 1 else {})}
    return [
        segment.model_copy(update={"name": names.get(number, f"segment_{number}")})
        for number, segment in enumerate(segments, 1)
    ]


def _sentence_edges(words: Sequence[Word]) -> list[float]:
    """Return the middles of the gaps between sentences."""
    return [
        (word.end + following.start) / 2
        for word, following in pairwise(words)
        if word.text.rstrip("\"'”’)»").endswith(_SENTENCE_ENDS) or following.start - word.end > _LONG_SILENCE
    ]


def _some_beats(seed: int, beats: Beats) -> list[float]:
    if beats.confidence < _MUSIC_CONFIDENCE:
        return []
    return list(beats.beats[:: random.Random(f"{seed}/beats").randint(2, 4)])  # noqa: S311 - no secret


def _without_silence(heard: VideoFeatures, longest: float) -> list[Range]:
    """Return what is left of a video without its silences, with a short margin around what is heard.

    A word that stands alone is kept, and with it so much of the silence around it that it can be understood. Where
    nobody speaks and little is left, silence is no pause: all of the video is seen.
    """
    kept: list[Range] = []
    for start, end in _sounding(heard, longest):
        lacks = max(0.0, _SHORTEST - (end - start)) / 2
        if lacks and not any(word.start < end and word.end > start for word in heard.words):
            continue
        first = min(max(0.0, start - lacks), max(0.0, heard.duration - _SHORTEST))
        last = min(max(end + lacks, first + _SHORTEST), heard.duration)
        if kept and first < kept[-1][1]:
            kept[-1] = (kept[-1][0], max(kept[-1][1], last))
        else:
            kept.append((first, last))
    little = not heard.words and sum(end - start for start, end in kept) < _LITTLE * heard.duration
    return [(0.0, heard.duration)] if little or not kept else kept


def _sounding(heard: VideoFeatures, longest: float) -> Iterator[Range]:
    """Yield what lies between silences of more than so many seconds, and a little of them."""
    at = 0.0
    for start, end in heard.signals.silences:
        if end - start > longest:
            if start > 0:
                yield at, start + _AIR
            at = max(at, end - _AIR)
    if at < heard.duration - _AIR:
        yield at, heard.duration


def _split(kept: Range, cuts: Sequence[float], seed: int) -> list[Range]:
    """Split a range at cuts that leave parts neither too short nor too long."""
    parts, start, end = [], kept[0], kept[1]
    while end - start > _LONGEST:
        near = [cut for cut in cuts if start + _SHORTEST <= cut <= min(start + _LONGEST, end - _SHORTEST)]
        drawn = random.Random(f"{seed}/{start:.3f}")  # noqa: S311 - no secret
        cut = drawn.choice(near) if near else min(start + _LONGEST, end - _SHORTEST)
        parts.append((start, cut))
        start = cut
    return [*parts, (start, end)]


def _energies(ranges: Sequence[Range], heard: VideoFeatures) -> list[float]:
    """Return how lively each range is, 0 to 1: where its loudness stands among all, and how often it swells."""
    levels = sorted(heard.signals.loudness)

    def loudness(part: Range) -> float:
        inside = heard.signals.loudness[int(part[0] * 10) : max(int(part[0] * 10) + 1, int(part[1] * 10))]
        return bisect_right(levels, sum(inside) / len(inside)) / len(levels) if inside else 0.5

    def swells(part: Range) -> float:
        count = sum(part[0] <= peak.time < part[1] for peak in heard.beats.peaks)
        return min(1.0, count / (part[1] - part[0]))

    return [0.7 * loudness(part) + 0.3 * swells(part) for part in ranges]


def _draw(seed: int, number: int, lively: float) -> EffectName | None:
    weights = _WEIGHTS["quiet" if lively < 1 / 3 else "middle" if lively < 2 / 3 else "high"]
    drawn = random.Random(f"{seed}/{number}")  # noqa: S311 - no secret
    return drawn.choices(list(weights), list(weights.values()))[0]


def _sound(part: Range, hit: float | None, shots: Sequence[float]) -> SegmentSound | None:
    """Return a hit on one of the strongest peaks, else a whoosh on a change of shot."""
    if hit is not None:
        return SegmentSound(name="hit", at=hit)
    return SegmentSound(name="whoosh") if any(abs(part[0] - shot) < _NEAR for shot in shots) else None


def _captions(words: Sequence[Word], letters: int) -> list[CaptionSegment]:
    """Group words to captions: few of them, of one sentence, without a pause between."""
    most = _CAPTION_WORDS if letters == _CAPTION_LETTERS else letters
    groups: list[list[Word]] = []
    for word in words:
        if groups and _goes_on(groups[-1], word, letters, most):
            groups[-1].append(word)
        else:
            groups.append([word])
    return [_caption(group) for group in groups if group[-1].end > group[0].start]


def _goes_on(group: Sequence[Word], word: Word, letters: int, most: int) -> bool:
    length = sum(len(each.text) + 1 for each in group) + len(word.text)
    ended = group[-1].text.endswith(_SENTENCE_ENDS)
    return len(group) < most and length <= letters and not ended and word.start - group[-1].end < _CAPTION_PAUSE


def _caption(group: Sequence[Word]) -> CaptionSegment:
    return CaptionSegment(
        text=join_words(word.text for word in group),
        start=round(group[0].start, 3),
        end=round(group[-1].end, 3),
        words=tuple(CaptionWord(text=word.text, start=round(word.start, 3), end=round(word.end, 3)) for word in group),
    )
