"""Says what a source is, or why it cannot be used, without trusting a byte of it."""

from __future__ import annotations

from pathlib import Path

from pydantic import BaseModel, ConfigDict, FiniteFloat, NonNegativeInt, PositiveInt

from moments_ray.media.process import run_python
from moments_ray.media.source import source_options
from moments_ray.settings import MediaSettings


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True)


class SubtitleTrack(_Frozen):
    """A subtitle track; ``index`` is the stream's in the file, ``language`` what the file says (mostly ISO 639-2)."""

    index: NonNegativeInt
    codec: str
    language: str | None = None
    default: bool = False


class AudioTrack(_Frozen):
    """A sound track; ``index`` is the stream's in the file, ``sample_rate`` in Hz."""

    index: NonNegativeInt
    codec: str
    language: str | None = None
    default: bool = False
    channels: NonNegativeInt
    sample_rate: NonNegativeInt


class MediaInfo(_Frozen):
    """What a video is made of, as measured from the file itself."""

    container: str
    """libav's name of the format, such as ``mov,mp4,m4a,3gp,3g2,mj2``."""
    title: str | None = None
    """What the file calls itself, untrusted."""
    duration: FiniteFloat
    """Seconds, from the first thing shown or heard to the last."""
    width: PositiveInt
    """Pixels as displayed, after rotation."""
    height: PositiveInt
    """Pixels as displayed, after rotation."""
    rotation: int
    """Degrees clockwise that a player turns the coded picture: 0, 90, 180 or 270."""
    fps: FiniteFloat
    """Frames a second on average."""
    vfr: bool
    """Whether the distances between frames vary by more than rounding."""
    codec: str
    pixel_format: str
    hdr: bool = False
    """Whether its transfer function is that of a high dynamic range (PQ or HLG)."""
    video_index: NonNegativeInt
    """The stream that counts as the picture."""
    start_time: FiniteFloat
    """The container's own time (seconds) of what we call 0."""
    first_picture: FiniteFloat = 0.0
    """Seconds from the start to the first picture, where sound begins before it."""
    warnings: tuple[str, ...] = ()
    """What is wrong with the file although it can be used, in sentences."""
    bytes: PositiveInt
    audio_tracks: tuple[AudioTrack, ...] = ()
    subtitle_tracks: tuple[SubtitleTrack, ...] = ()

    @property
    def has_audio(self) -> bool:
        """Whether there is any sound track."""
        return bool(self.audio_tracks)

    @property
    def default_audio(self) -> AudioTrack | None:
        """The sound track a player would choose: the first default one, else the first."""
        return next((track for track in self.audio_tracks if track.default), next(iter(self.audio_tracks), None))


async def probe(path: Path, settings: MediaSettings) -> MediaInfo:
    """Measure a video and decode its first frame, in a child process.

    Raises SourceNotFound, UnsupportedMedia (no regular file, empty, a picture, sound alone, a playlist, not decodable),
    MediaTruncated (the file ends before its own index does), MediaLimitsExceeded (pixels, duration, streams, memory).
    """
    fields = await run_python(
        "moments_ray.media.native.probe:inspect",
        source_options(path, settings),
        timeout=settings.probe_timeout_seconds,
        settings=settings,
    )
    return MediaInfo.model_validate(fields)
