"""The sound of a clip, copied: whole AAC frames, the first of them hidden behind the edit list of the file."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

from av.audio.stream import AudioStream

from moments_ray.media.native.cutting.reader import AnyPacket, SoundReader, shown_at
from moments_ray.media.native.cutting.splice import replaced

# What the decoder needs before the first heard frame: a frame overlaps the one before it, and with spectral band
# replication, whose frames are twice as long, one more (ISO 14496-3, 4.6.18).
_PRIMING_FRAMES = {1024: 1, 2048: 2}
# Containers that count milliseconds round every time; what differs by more is a gap or an overlap.
_JITTER = Fraction(1, 200)


@dataclass(frozen=True, slots=True)
class CopiedSound:
    """Frames that follow each other without a gap and cover a range.

    ``first_tick`` is the first packet's own time; ``first_position`` where it lies and ``length`` where the clip ends,
    in samples from the clip's first picture.
    """

    reader: SoundReader
    first_tick: int
    first_position: int
    frame_samples: int
    length: int

    def packets(self, stream: AudioStream) -> Iterator[AnyPacket]:
        """Yield the packets for an output stream made from the source's."""
        position = self.first_position
        base = Fraction(1, self.reader.codec.sample_rate)
        for packet in self.reader.packets_from(self.first_tick):
            if shown_at(packet) < self.first_tick:
                continue
            if position >= self.length:
                return
            # A fresh packet leaves behind what the demuxer said of trimming the source's own first frame.
            copy = replaced(packet, bytes(packet))
            copy.pts = copy.dts = position
            copy.duration = min(self.frame_samples, self.length - position)
            copy.time_base = base
            copy.stream = stream
            yield copy
            position += self.frame_samples


def plan_sound(reader: SoundReader, start: Fraction, end: Fraction) -> CopiedSound | None:
    """Plan to copy the sound of a range (seconds of the source's own clock); None where it must be re-encoded."""
    rate, frame = reader.codec.sample_rate, reader.codec.frame_size
    if reader.codec.name != "aac" or not reader.codec.extradata or frame not in _PRIMING_FRAMES:
        return None
    length = round((end - start) * rate)
    lead = _PRIMING_FRAMES[frame]
    jitter = int(_JITTER * rate)
    found: list[tuple[int, int]] = []
    samples_a_tick, first_sample = float(reader.time_base * rate), float(start * rate)
    for packet in reader.packets_from(int((start - Fraction((lead + 1) * frame, rate)) / reader.time_base)):
        position = round(shown_at(packet) * samples_a_tick - first_sample)
        if position >= length:
            break
        found.append((shown_at(packet), position))
        if len(found) > 1 and abs(position - found[-2][1] - frame) > jitter:
            return None
    heard = next((index for index, (_, position) in enumerate(found) if position + frame > 0), None)
    if heard is None or found[heard][1] > 0:
        return None
    tick, position = found[max(0, heard - lead)]
    return CopiedSound(reader, tick, position, frame, length)
