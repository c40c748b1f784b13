"""Reads a source's properties with libav and decodes one frame, in a child."""

from __future__ import annotations

import itertools
import os
import statistics
from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import av.error
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition
from av.subtitles.stream import SubtitleStream
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from moments_ray.errors import MediaLimitsExceeded, MediaTruncated, UnsupportedMedia
from moments_ray.media.native.containers import Truncation, disguise, truncation
from moments_ray.media.native.source import moving_picture, open_source, origin, require_decodable

if TYPE_CHECKING:
    from moments_ray.media.source import SourceOptions

# Enough to tell a variable frame rate by; the last of them may be out of order still.
_TIMED_PACKETS = 600
_REORDERED_PACKETS = 16
_FASTEST_PLAUSIBLE_RATE = 1000
_CUT_OFF = "The file was cut off inside its last fragment: what is before it is there, the rest is missing."
_HDR_TRANSFERS = frozenset({16, 18})  # of ITU-T H.273: PQ and HLG
_NO_LANGUAGE = ("", "und", "unk")


def inspect(source: SourceOptions, _report_progress: Callable[[float], None]) -> dict[str, Any]:
    """Return the fields of ``media.probe.MediaInfo``; raises UnsupportedMedia, MediaTruncated, MediaLimitsExceeded."""
    path = source["url"].removeprefix("file:")
    what = disguise(path)
    if what is not None:
        raise UnsupportedMedia(f"This is {what}, not a video; give the video file itself.")
    missing = truncation(path)
    truncated = missing is Truncation.MEDIA
    try:
        with open_source(source) as container:
            if missing is Truncation.LAST_FRAGMENT:
                return _properties(container, source, path) | {"warnings": [_CUT_OFF]}
            if truncated or _index_ends_beyond(container, os.stat(path).st_size):  # noqa: PTH116 - see containers
                raise MediaTruncated
            return _properties(container, source, path)
    except UnsupportedMedia as error:
        if truncated and not isinstance(error, MediaTruncated):
            raise MediaTruncated from error
        raise


def _properties(container: InputContainer, source: SourceOptions, path: str) -> dict[str, Any]:
    video = moving_picture(container)
    require_decodable(video, source)
    start = origin(container)
    frame, times = _first_packets(container, video)
    duration = _duration(container, start)
    if duration > source["max_duration_seconds"]:
        raise MediaLimitsExceeded(
            f"The video lasts {duration:.0f} s; the limit is {source['max_duration_seconds']:.0f} s."
        )
    fps, vfr = _rate(video, times)
    # libav counts counter-clockwise, as a correction; players and phones name the turn they make.
    rotation = -frame.rotation % 360
    turned = rotation in {90, 270}
    return {
        "container": container.format.name,
        "title": container.metadata.get("title"),
        "duration": duration,
        "width": frame.height if turned else frame.width,
        "height": frame.width if turned else frame.height,
        "rotation": rotation,
        "fps": fps,
        "vfr": vfr,
        "codec": video.codec_context.codec.canonical_name,
        "pixel_format": frame.format.name,
        "hdr": frame.color_trc in _HDR_TRANSFERS,
        "video_index": video.index,
        "start_time": float(start),
        "first_picture": float(max(times[0] - start, Fraction(0))) if times else 0.0,
        "bytes": os.stat(path).st_size,  # noqa: PTH116 - see containers
        "audio_tracks": [_audio_track(stream) for stream in container.streams.audio if stream.codec_context],
        "subtitle_tracks": [_track(stream) for stream in container.streams.subtitles if stream.codec_context],
    }


def _index_ends_beyond(container: InputContainer, size: int) -> bool:
    """Whether the last sample that an index lists lies past the end of the file."""
    indexes = (stream.index_entries for stream in container.streams if isinstance(stream, VideoStream | AudioStream))
    return any(entries and entries[-1].pos + entries[-1].size > size for entries in indexes)


def _first_packets(container: InputContainer, video: VideoStream) -> tuple[VideoFrame, list[Fraction]]:
    """Decode the first picture and return it with the times (seconds, sorted) of the first packets."""
    frame: VideoFrame | None = None
    times: list[Fraction] = []
    try:
        for packet in itertools.islice(container.demux(video), _TIMED_PACKETS):
            if frame is None:
                frame = next(iter(packet.decode()), None)
            time = packet.pts if packet.pts is not None else packet.dts
            if time is not None and packet.time_base is not None:
                times.append(time * packet.time_base)
    except av.error.FFmpegError as error:
        if frame is None:
            raise UnsupportedMedia("Not one picture of this video can be decoded.", {"reason": str(error)}) from error
    if frame is None:
        raise UnsupportedMedia("Not one picture of this video can be decoded.")
    times.sort()
    return frame, times[:-_REORDERED_PACKETS] if len(times) >= _TIMED_PACKETS - 1 else times


def _duration(container: InputContainer, start: Fraction) -> float:
    """Return the duration in seconds; where no header tells it (a recording never closed), by reading to the end."""
    if container.duration is not None and container.duration > 0:
        return container.duration / 1_000_000
    end = Fraction(0)
    container.seek(container.start_time or 0)
    for packet in container.demux():
        if packet.pts is not None and packet.time_base is not None:
            end = max(end, (packet.pts + (packet.duration or 0)) * packet.time_base)
    return float(max(end - start, Fraction(0)))


def _rate(video: VideoStream, times: list[Fraction]) -> tuple[float, bool]:
    """Return the average frame rate and whether the distances between frames vary by more than rounding."""
    distances = [later - earlier for earlier, later in itertools.pairwise(times)]
    rate = video.average_rate or video.guessed_rate
    if (rate is None or rate > _FASTEST_PLAUSIBLE_RATE) and distances and times[-1] > times[0]:
        rate = Fraction(len(distances)) / (times[-1] - times[0])
    if not distances or rate is None:
        return float(rate or 0), False
    usual = statistics.median(distances)
    tolerance = max(usual / 100, Fraction(video.time_base or 0) * Fraction(3, 2))
    return float(rate), any(abs(distance - usual) > tolerance for distance in distances)


def _audio_track(stream: AudioStream) -> dict[str, Any]:
    return {
        **_track(stream),
        "channels": stream.codec_context.channels,
        "sample_rate": stream.codec_context.sample_rate,
    }


def _track(stream: AudioStream | SubtitleStream) -> dict[str, Any]:
    language = stream.metadata.get("language", "")
    return {
        "index": stream.index,
        "codec": stream.codec_context.codec.canonical_name,
        "language": None if language in _NO_LANGUAGE else language,
        "default": bool(stream.disposition & Disposition.default),
    }
