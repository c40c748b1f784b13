"""Reads a source once from end to end and measures what can be had cheaply: cuts, motion, loudness, silences."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING, Any, TypedDict

import av.error
import numpy as np
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.packet import Packet
from av.stream import Stream
from av.video.stream import VideoStream

from moments_ray.media.native.loudness import BIN_SECONDS, LOUDNESS_SECONDS, PowerMeter, silences
from moments_ray.media.native.shots import Packets, find_shots
from moments_ray.media.native.source import frame_seconds, moving_picture, open_source, origin, require_decodable
from moments_ray.media.native.tiny import thumbnail

if TYPE_CHECKING:
    from moments_ray.media.source import SourceOptions


# Where every frame is a key frame, two a second are enough.
_KEY_PICTURE_SECONDS = 0.5


class Job(TypedDict):
    """A source, its length in seconds, and the stream to listen to, if any."""

    source: SourceOptions
    duration: float
    audio_index: int | None
    threads: int


def measure(job: Job, report_progress: Callable[[float], None]) -> dict[str, Any]:
    """Return the fields of ``media.signals.Signals``."""
    seconds = job["duration"]
    with open_source(job["source"]) as container:
        video = moving_picture(container)
        require_decodable(video, job["source"])
        video.codec_context.thread_count = job["threads"]
        audio = next((stream for stream in container.streams.audio if stream.index == job["audio_index"]), None)
        start = origin(container)
        meter = PowerMeter(start, seconds)
        packets = _read(container, video, audio, meter, lambda at: report_progress(at / seconds if seconds else 1.0))
        shots = find_shots(container, video, packets, start)
        return {
            "shots": [shot for shot in shots if 0 < shot < seconds],
            "silences": silences(meter.decibels(seconds, BIN_SECONDS)) if audio else [],
            "loudness": [round(float(level), 1) for level in meter.decibels(seconds, LOUDNESS_SECONDS)]
            if audio
            else [],
            "motion": _motion(packets, seconds, video.codec_context.width * video.codec_context.height),
        }


def _read(
    container: InputContainer,
    video: VideoStream,
    audio: AudioStream | None,
    meter: PowerMeter,
    report_position: Callable[[float], None],
) -> Packets:
    """Demux everything once: note the video's packets undecoded, hear the sound."""
    packets, last_key = Packets(), float("-inf")
    start = origin(container)
    video.codec_context.skip_frame = "NONKEY"
    for packet in container.demux([video, audio] if audio is not None else [video]):
        time = packet.pts if packet.pts is not None else packet.dts
        if audio is not None and packet.stream.index == audio.index:
            _hear(audio, packet, meter)
        elif time is not None and packet.time_base is not None:
            seconds = float(time * packet.time_base - start)
            packets.add(seconds, packet.size, key=packet.is_keyframe)
            if packet.is_keyframe and seconds - last_key >= _KEY_PICTURE_SECONDS:
                last_key = seconds
                _see(video, packet, packets, start)
            report_position(seconds)
        elif packet.size == 0:
            _see(video, packet, packets, start)
    return packets


def _see(video: VideoStream, packet: Packet[Stream], packets: Packets, start: Fraction) -> None:
    """Decode a key frame, or with the empty last packet those the decoder still holds, for its tiny picture."""
    try:
        frames = video.decode(packet)
    except av.error.InvalidDataError:
        # A damaged key frame looks like nothing, and is compared with nothing.
        return
    for frame in frames:
        packets.key_pictures[float(frame_seconds(frame, start))] = thumbnail(frame)


def _hear(audio: AudioStream, packet: Packet[Stream], meter: PowerMeter) -> None:
    try:
        frames = audio.decode(packet)
    except av.error.InvalidDataError:
        # A damaged packet is silence.
        return
    for frame in frames:
        meter.add(frame)


def _motion(packets: Packets, seconds: float, pixels: int) -> list[float]:
    """Return, a second, the bits a pixel that the encoder spent on changes between frames.

    Key frames are left out: they cost much wherever they fall. Where every frame is one, nothing tells motion.
    """
    times, sizes, keys = packets.sorted()
    if keys.all():
        return []
    inside = ~keys & (times >= 0) & (times < seconds)
    sums = np.bincount(times[inside].astype(int), weights=sizes[inside], minlength=int(np.ceil(seconds)))
    return [round(float(value), 5) for value in sums * 8 / pixels]
