"""The sound of a clip: decoded, cut by the sample on the picture's own edges, and encoded as AAC."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import chain
from typing import cast

import numpy as np
from av.audio.frame import AudioFrame
from av.audio.layout import AudioLayout
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import OutputContainer
from numpy.typing import NDArray

from moments_ray.media.native.cutting.reader import AnyPacket, SoundReader

Samples = NDArray[np.float32]

_AAC_RATES = frozenset({96000, 88200, 64000, 48000, 44100, 32000, 24000, 22050, 16000, 12000, 11025, 8000, 7350})
_AAC_LAYOUTS = frozenset({"mono", "stereo", "3.0", "4.0", "5.0", "5.1", "7.1"})
_FRAME_SAMPLES = 1024
_BITS_PER_CHANNEL = 96_000
# Time stamps of a container that counts milliseconds wander by one; a real gap or overlap is larger than this.
_JITTER = Fraction(1, 100)
# What the decoder needs before the first sample to have its filters filled.
_PRE_ROLL = Fraction(1, 5)


class Sound:
    """The sound of one range of a source, as 32 bit float samples on a grid that begins at the clip's first picture."""

    def __init__(self, reader: SoundReader, start: Fraction) -> None:
        """Begin at a time of the source's own clock, in seconds."""
        self._reader = reader
        self._start = start
        rate = reader.codec.sample_rate
        self.rate = rate if rate in _AAC_RATES else 48000
        layout = reader.codec.layout.name
        self.layout = layout if layout in _AAC_LAYOUTS else "stereo"
        self._placed = self._place()
        self._first = next(self._placed, None)

    def begins_before(self, end: Fraction) -> bool:
        """Tell whether anything is heard before a time of the source's own clock, in seconds."""
        return self._first is not None and self._first[0] < (end - self._start) * self.rate

    def blocks(self, end: Callable[[], Fraction]) -> Iterator[Samples]:
        """Yield blocks of shape (channels, samples): silence where the source has a gap, nothing after its last sound.

        ``end`` tells where to stop, in seconds of the source's own clock, and is asked again for every block.
        """
        position = 0
        for begins, block in chain([self._first] if self._first else [], self._placed):
            length = round((end() - self._start) * self.rate)
            if position >= length:
                break
            if begins > position:
                silence = min(begins, length) - position
                yield np.zeros((block.shape[0], silence), np.float32)
                position += silence
            heard = block[:, : length - position]
            if heard.shape[1]:
                yield heard
                position += heard.shape[1]

    def _place(self) -> Iterator[tuple[int, Samples]]:
        """Yield blocks with the sample they begin at, without overlap and none before sample 0."""
        position: int | None = None
        jitter = int(_JITTER * self.rate)
        for frame in self._resampled():
            block = cast("Samples", frame.to_ndarray())
            begins = position or 0
            if frame.pts is not None and frame.time_base is not None:
                begins = round((frame.pts * frame.time_base - self._start) * self.rate)
            if position is not None and abs(begins - position) <= jitter:
                begins = position
            late = max(0, (position or 0) - begins)
            if late < block.shape[1]:
                position = begins + block.shape[1]
                yield begins + late, block[:, late:]

    def _resampled(self) -> Iterator[AudioFrame]:
        resampler = AudioResampler(format="fltp", layout=self.layout, rate=self.rate)
        for frame in self._reader.sound_from(self._start - _PRE_ROLL):
            yield from resampler.resample(frame)
        yield from resampler.resample(None)


def add_sound(output: OutputContainer, sound: Sound) -> AudioStream:
    """Add an AAC stream fit for a sound to an output."""
    stream = output.add_stream("aac", rate=sound.rate)
    stream.codec_context.layout = sound.layout
    stream.codec_context.bit_rate = _BITS_PER_CHANNEL * AudioLayout(sound.layout).nb_channels
    stream.codec_context.time_base = Fraction(1, sound.rate)
    return stream


def encoded(blocks: Iterator[Samples], sound: Sound, stream: AudioStream) -> Iterator[AnyPacket]:
    """Encode blocks of samples that follow each other from the clip's time 0."""
    position = 0
    for block in _framed(blocks):
        frame = AudioFrame.from_ndarray(np.ascontiguousarray(block), format="fltp", layout=sound.layout)
        frame.sample_rate = sound.rate
        frame.time_base = Fraction(1, sound.rate)
        frame.pts = position
        position += frame.samples
        yield from stream.encode(frame)
    yield from stream.encode(None)


def _framed(blocks: Iterator[Samples]) -> Iterator[Samples]:
    """Regroup blocks into the encoder's frames; the last may be short."""
    rest: Samples | None = None
    for block in blocks:
        joined = block if rest is None else np.concatenate((rest, block), axis=1)
        whole = joined.shape[1] // _FRAME_SAMPLES * _FRAME_SAMPLES
        for begin in range(0, whole, _FRAME_SAMPLES):
            yield joined[:, begin : begin + _FRAME_SAMPLES]
        rest = joined[:, whole:]
    if rest is not None and rest.shape[1]:
        yield rest
